"""The contract of an objective measure or a single rating, with its unit (clinical.md 1.2)."""

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from schemas.columns import column

# A force alone is no pressure: with `N` the area of the probe would be missing.
PRESSURES = ("kPa", "N/cm2", "kgf/cm2", "lbf/cm2", "psi")


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

    @pa.dataframe_check(name="pain_beyond_10:value")
    def pain_is_at_most_10(cls, data: PolarsData) -> pl.LazyFrame:
        """The scale ends at 10, with decimals or without."""
        pain = pl.col("kind").eq_missing(pl.lit("pain_0_10"))
        return data.lazyframe.select(~pain | (pl.col("value") <= 10).fill_null(True))

    @pa.dataframe_check(name="not_a_pressure:unit")
    def pressure_has_its_unit(cls, data: PolarsData) -> pl.LazyFrame:
        """A threshold without a known unit may be ten times off."""
        pressed = pl.col("kind").eq_missing(pl.lit("ppt"))
        known = pl.col("unit").is_in(PRESSURES).fill_null(True)
        return data.lazyframe.select(~pressed | known)
