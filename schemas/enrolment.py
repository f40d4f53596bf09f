"""The contract of an enrolment: one participant x one programme x one start, with its prescription.

A later row of the same enrolment with `effective_from` is a new version of the prescription
(clinical.md 1.2 and 1.3).
"""

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from schemas.columns import LANGUAGE, column
from schemas.policy import Policy

STOPPED = ("stopped_by_participant", "stopped_by_clinician", "lost")


class Enrolment(pa.DataFrameModel):
    """One row of an enrolment export, typed."""

    participant_id: str = column(
        "id", "the clinic's id of the person; pseudonymised before writing", required=True
    )
    enrolment_id: str = column("id", "the clinic's id of the enrolment")
    condition_code: str = column("code", "primary condition", vocabulary="condition", required=True)
    start_date: pl.Date = column(
        "date", "day 1 of the programme, never the first session's date", required=True
    )
    index_date: pl.Date = column("date", "day of the prescription", severity="cell")
    plan_type: str = column("code", "kind of plan", vocabulary="plan_type", required=True)
    duration_weeks: pl.Int32 = column("integer", "prescribed weeks of a fixed term", ge=1, le=104)
    duration_source: str = column("text", "unit in which the duration was exported")
    sessions_per_week: float = column("number", "prescribed sessions per week", ge=0.5, le=28)
    freq_basis: str = column("text", "per_week or per_day")
    minutes_per_session: float = column(
        "number", "prescribed minutes per session", unit="min", ge=0.5, le=120
    )
    due_days: pl.Int32 = column("integer", "days in which a single session is due", ge=1, le=365)
    setting: str = column("code", "where the programme is done", vocabulary="setting")
    technique: str = column("code", "massage technique", vocabulary="technique", severity="cell")
    body_site: str = column("code", "where on the body", vocabulary="body_site", severity="cell")
    tool: str = column("code", "tool used", vocabulary="tool", severity="cell")
    modality: str = column(
        "code", "self-massage alone, beside other treatment, ...", vocabulary="modality"
    )
    self_massage_share: float = column(
        "number",
        "share of the intervention's minutes that is self-massage",
        unit="fraction",
        ge=0,
        le=1,
    )
    arm: str = column("text", "pathway or trial arm")
    effective_from: pl.Date = column("date", "first day of this version of the prescription")
    status: str = column("code", "state of the enrolment", vocabulary="enrolment_status")
    status_date: pl.Date = column("date", "day of that state")
    stop_reason: str = column("code", "why it was stopped", vocabulary="stop_reason")
    sessions_reported: pl.Int32 = column(
        "integer", "total of sessions that the source counted", ge=0, le=10000
    )
    birth_year: pl.Int32 = column("integer", "year of birth", ge=1900, le=2100, severity="cell")
    age: pl.Int32 = column("integer", "age in years at enrolment", ge=0, le=120, severity="cell")
    sex_at_birth: str = column("code", "sex at birth", vocabulary="sex_at_birth", severity="cell")
    gender: str = column("code", "gender", vocabulary="gender", severity="cell")
    language: str = column("text", "BCP 47 language", severity="cell")
    home_tz: str = column("zone", "IANA zone in which the person lives")
    consent_research: bool = column("boolean", "consents to research")
    consent_date: pl.Date = column("date", "day of that consent", severity="cell")

    @pa.dataframe_check(name="fixed_term_needs_weeks:duration_weeks")
    def fixed_term_has_weeks(cls, data: PolarsData) -> pl.LazyFrame:
        """A fixed term without its number of weeks has no end, hence no expectation."""
        fixed = pl.col("plan_type").eq_missing(pl.lit("fixed_term"))
        return data.lazyframe.select(~fixed | pl.col("duration_weeks").is_not_null())

    @pa.dataframe_check(name="share_not_whole:self_massage_share")
    def self_massage_alone_is_all_of_it(cls, data: PolarsData) -> pl.LazyFrame:
        """Self-massage alone is the whole intervention; another share contradicts it, and both decide figures."""
        alone = pl.col("modality").eq_missing(pl.lit("self_massage_only"))
        return data.lazyframe.select(~alone | (pl.col("self_massage_share") == 1).fill_null(True))

    @pa.dataframe_check(name="born_after_start:birth_year")
    def is_born_before_it_starts(cls, data: PolarsData) -> pl.LazyFrame:
        """A year of birth behind the start is a slip of the pen."""
        born = pl.col("birth_year") <= pl.col("start_date").dt.year()
        return data.lazyframe.select(born.fill_null(True))

    @pa.dataframe_check(name="not_a_language:language")
    def language_is_a_tag(cls, data: PolarsData) -> pl.LazyFrame:
        """BCP 47, in which the underscore of many systems is let pass."""
        return data.lazyframe.select(pl.col("language").str.contains(LANGUAGE).fill_null(True))

    @pa.dataframe_check(name="reserved_word:arm")
    def arm_is_not_all(cls, data: PolarsData) -> pl.LazyFrame:
        """`all` names the margin over arms in the marts."""
        return data.lazyframe.select(pl.col("arm").ne_missing(pl.lit("all")))


def remarks(policy: Policy) -> dict[str, pl.Expr]:
    """`rule:column` -> rows that stand, and that somebody should look at."""
    stopped = pl.col("status").is_in(STOPPED)
    weeks_unused = (pl.col("plan_type") == "open_ended") & pl.col("duration_weeks").is_not_null()
    return {
        "stop_without_date:status": stopped & pl.col("status_date").is_null(),
        "stop_reason_without_stop:stop_reason": pl.col("stop_reason").is_not_null() & ~stopped,
        "weeks_without_term:duration_weeks": weeks_unused,
        "start_before_index:start_date": pl.col("start_date") < pl.col("index_date"),
    }
