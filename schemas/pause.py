"""The contract of a pause: days for which nothing was expected, told before they were over."""

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from schemas.columns import column
from schemas.policy import Policy


class Pause(pa.DataFrameModel):
    """One row of a pause export, typed."""

    participant_id: str = column(
        "id", "the clinic's id of the person; pseudonymised before writing", required=True
    )
    enrolment_id: str = column("id", "the clinic's id of the enrolment")
    from_date: pl.Date = column("date", "first day of the pause", required=True)
    to_date: pl.Date = column("date", "last day of the pause", required=True)
    reason: str = column("text", "why")
    recorded_at: pl.Datetime = column("instant", "when it was recorded")

    @pa.dataframe_check(name="end_before_start:to_date")
    def ends_after_it_began(cls, data: PolarsData) -> pl.LazyFrame:
        """A pause of one day has equal dates."""
        return data.lazyframe.select((pl.col("to_date") >= pl.col("from_date")).fill_null(True))


def remarks(policy: Policy) -> dict[str, pl.Expr]:
    """`rule:column` -> rows that stand, and that somebody should look at."""
    in_time = pl.col("recorded_at").dt.date() <= pl.col("to_date")
    return {"pause_not_applied:recorded_at": ~in_time.fill_null(False)}
