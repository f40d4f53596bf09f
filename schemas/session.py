"""The contract of a session: one stretch of massage that somebody logged (clinical.md 1.2)."""

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from schemas.columns import column
from schemas.policy import Policy

LONGEST_MINUTES = 240


class Session(pa.DataFrameModel):
    """One row of a session export, typed. Instants are UTC; `local_date` is the day where the person was."""

    participant_id: str = column(
        "id", "the clinic's id of the person; pseudonymised before writing", required=True
    )
    session_id: str = column("id", "the source's id of the session")
    enrolment_id: str = column("id", "the clinic's id of the enrolment")
    started_at: pl.Datetime = column("instant", "start")
    ended_at: pl.Datetime = column("instant", "end")
    local_date: pl.Date = column("date", "local day of the start", required=True)
    minutes: float = column("number", "length", unit="min", gt=0, le=LONGEST_MINUTES)
    status: str = column("code", "how it went", vocabulary="session_status")
    technique: str = column("code", "massage technique", vocabulary="technique", severity="cell")
    body_site: str = column("code", "where on the body", vocabulary="body_site", severity="cell")
    supervised: bool = column("boolean", "somebody was there to guide", severity="cell")
    pain_pre: float = column("number", "pain 0-10 before", ge=0, le=10, severity="cell")
    pain_post: float = column("number", "pain 0-10 after", ge=0, le=10, severity="cell")
    log_source: str = column("code", "who wrote the log, and when", vocabulary="log_source")
    recorded_at: pl.Datetime = column("instant", "when it was logged", severity="cell")
    adverse_event: str = column(
        "code", "harm noted with the session", vocabulary="adverse_event", severity="cell"
    )
    tz: str = column("zone", "IANA zone of this row")

    @pa.dataframe_check(name="missing_required:minutes")
    def end_alone_has_minutes(cls, data: PolarsData) -> pl.LazyFrame:
        """Where only the end is known, the start is the end less the minutes."""
        end_alone = pl.col("ended_at").is_not_null() & pl.col("started_at").is_null()
        return data.lazyframe.select(~end_alone | pl.col("minutes").is_not_null())

    @pa.dataframe_check(name="end_before_start:ended_at")
    def ends_after_it_started(cls, data: PolarsData) -> pl.LazyFrame:
        """NULL on either side passes; equal instants do not."""
        return data.lazyframe.select((pl.col("ended_at") > pl.col("started_at")).fill_null(True))

    @pa.dataframe_check(name="too_long:ended_at")
    def ends_within_hours(cls, data: PolarsData) -> pl.LazyFrame:
        """Nobody massages for so long: a day is wrong, or the log was left open."""
        lasted = pl.col("ended_at") - pl.col("started_at")
        return data.lazyframe.select(
            (lasted <= pl.duration(minutes=LONGEST_MINUTES)).fill_null(True)
        )


def remarks(policy: Policy) -> dict[str, pl.Expr]:
    """`rule:column` -> rows that stand, and that somebody should look at."""
    elapsed = (pl.col("ended_at") - pl.col("started_at")).dt.total_milliseconds() / 60000
    share = policy.number("session.minutes_differ_share")
    return {
        "minutes_differ:minutes": (pl.col("minutes") - elapsed).abs() > share * elapsed,
        "time_in_fold:started_at": pl.col("time_flag") == "fold",
    }
