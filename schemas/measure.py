"""The contract of an objective measure or a single rating, with its unit (clinical.md 1.2)."""

import pandera.polars as pa
import polars as pl

from schemas.columns import column


class Measure(pa.DataFrameModel):
    """One row of a measure export, typed."""

    participant_id: str = column(
        "id", "the clinic's id of the person; pseudonymised before writing", required=True
    )
    measured_at: pl.Datetime = column("instant", "when it was measured", required=True)
    local_date: pl.Date = column("date", "local day of the measurement")
    kind: str = column("code", "what was measured", vocabulary="measure_kind", required=True)
    value: float = column("number", "the figure, in `unit`", required=True, ge=0)
    unit: str = column("text", "unit of the figure", required=True)
    site: str = column("code", "where on the body", vocabulary="body_site")
    side: str = column("code", "which side", vocabulary="side")
    device: str = column("text", "device used")
    tz: str = column("zone", "IANA zone of this row")
