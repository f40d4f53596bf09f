"""The contract of a survey row (one line of an export x visit block) and of each questionnaire in it."""

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from schemas.columns import LANGUAGE, column
from schemas.instrument import Instrument, Item


class Survey(pa.DataFrameModel):
    """The columns that all questionnaires of a survey row share."""

    participant_id: str = column(
        "id", "the clinic's id of the person; pseudonymised before writing", required=True
    )
    response_id: str = column("id", "the source's id of the response")
    enrolment_id: str = column("id", "the clinic's id of the enrolment")
    completed_at: pl.Datetime = column("instant", "when it was completed, not begun")
    local_date: pl.Date = column("date", "local day of completion")
    status: str = column("code", "state of the form", vocabulary="survey_status")
    mode: str = column("code", "how it was asked", vocabulary="mode", severity="cell")
    language: str = column("text", "BCP 47 language of the form", severity="cell")
    session_phase: str = column("code", "before or after a session", vocabulary="session_phase")
    tz: str = column("zone", "IANA zone of this row")

    @pa.dataframe_check(name="not_a_language:language")
    def language_is_a_tag(cls, data: PolarsData) -> pl.LazyFrame:
        """BCP 47, in which the underscore of many systems is let pass."""
        return data.lazyframe.select(pl.col("language").str.contains(LANGUAGE).fill_null(True))


def answers_contract(items: tuple[Item, ...]) -> pa.DataFrameSchema:
    """Ranges of one questionnaire's items as coded. A response that breaks one is refused whole, never clipped."""
    return pa.DataFrameSchema(
        {item.id: _item_column(item.min, item.max, item.integer) for item in items}
    )


def totals_contract(instrument: Instrument, score_ids: list[str]) -> pa.DataFrameSchema:
    """Ranges of the totals that a source computed itself."""
    ranges = {score_id: instrument.scores[score_id].range for score_id in score_ids}
    return pa.DataFrameSchema(
        {
            score_id: _item_column(bounds[0], bounds[1], False)
            if bounds
            else pa.Column(pl.Float64, nullable=True)
            for score_id, bounds in ranges.items()
        }
    )


def _item_column(low: float, high: float, integer: bool) -> pa.Column:
    checks = [pa.Check.in_range(low, high)]
    if integer:
        checks.append(pa.Check(_is_whole, name="not_integer"))
    return pa.Column(pl.Float64, checks=checks, nullable=True)


def _is_whole(data: PolarsData) -> pl.LazyFrame:
    return data.lazyframe.select(pl.col(data.key) == pl.col(data.key).round(0))
