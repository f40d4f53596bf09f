"""The contract of a deletion: a row of a delete file, which takes back a record of its source."""

import pandera.polars as pa

from schemas.columns import column


class Deleted(pa.DataFrameModel):
    """One row of a delete file: that record is gone, with all that was exported of it up to then."""

    record_id: str = column(
        "id", "the source's id of the deleted session or survey response", required=True
    )
