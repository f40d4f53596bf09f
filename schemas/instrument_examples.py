"""The worked examples of a questionnaire file: answers and what they must score, checked on load.

An example that names an item or a score that does not exist would pass as a test and prove nothing.
"""

from collections.abc import Mapping
from typing import Any

from schemas.instrument_toml_values import Table
from schemas.instrument_types import Example


def read_examples(
    table: Table, item_ids: tuple[str, ...], score_ids: tuple[str, ...]
) -> tuple[Example, ...]:
    """Every `[[examples]]` section of the file."""
    return tuple(_example(part, item_ids, score_ids) for part in table.tables("examples"))


def _example(part: Table, item_ids: tuple[str, ...], score_ids: tuple[str, ...]) -> Example:
    """One example: it names the scores that it shows, or the error."""
    example = Example(
        answers=_answers(part, item_ids),
        options=part.mapping("options"),
        scores=_scores(part, score_ids),
        error=part.text("error", ""),
        note=part.text("note", ""),
    )
    part.finish()
    if bool(example.scores) == bool(example.error):
        raise part.error("scores, not_scorable, error", "say what comes out: scores or an error")
    return example


def _answers(part: Table, item_ids: tuple[str, ...]) -> dict[str, Any]:
    """Item -> answer; `"q1..q7" = 2` answers seven, and what stands later wins."""
    found: dict[str, Any] = {}
    for key, answer in part.mapping("answers").items():
        names = Table({"answers": key}, part.path).names("answers")
        if unknown := [name for name in names if name not in item_ids]:
            raise part.error("answers", f"no such item: {', '.join(unknown)}")
        found |= dict.fromkeys(names, answer)
    return found


def _scores(part: Table, score_ids: tuple[str, ...]) -> Mapping[str, float | str | None]:
    """Score -> value, None for those of `not_scorable`; `score` is short for the only one."""
    scores: dict[str, Any] = dict(part.mapping("scores"))
    if part.peek("score") is not None and "score" not in scores and len(score_ids) == 1:
        scores[score_ids[0]] = part.number("score", None)
    scores |= dict.fromkeys(part.texts("not_scorable"))
    if unknown := [name for name in scores if name not in score_ids]:
        raise part.error("scores", f"no such score: {', '.join(unknown)}")
    return scores
