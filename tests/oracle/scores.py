"""Survey responses in force and their scores (clinical 2.0, engine semantics of the definitions)."""

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from oracle.definitions import Instrument, Score
from oracle.identity import Key, records_in_force, response_key
from oracle.landed import Landed, Row
from oracle.zones import in_home_zones

Instruments = dict[tuple[str, str], Instrument]


@dataclass(frozen=True)
class Response:
    """One filled form of one instrument version with its scores by score_id (None: no score)."""

    key: Key
    participant_key: str
    enrolment_id: str | None
    instrument: str
    version: str
    status: str
    completed_at: datetime | None
    local_date: date | None
    visit: str | None
    response_id: str
    scores: dict[str, float | None]
    scored_by: str = "followthrough"

    def is_valid(self) -> bool:
        """A form that was finished (FHIR statuses of clinical 1.2)."""
        # spec silent: forms `in-progress` or `stopped` may hold every answer; they are not used.
        return self.status in ("completed", "amended")


def responses_in_force(landed: Landed, instruments: Instruments) -> list[Response]:
    """Item forms and source totals after identity; where a form has both, its items win."""
    people = landed.tables["enrolment"]
    items = in_home_zones(landed.tables["survey_response"], "completed_at", people)
    totals = in_home_zones(landed.tables["score"], "completed_at", people)
    by_form: dict[Key, list[Row]] = defaultdict(list)
    for row in totals:
        by_form[form_place(row)].append(row)
    forms = {form_place(row): row for row in totals}
    forms |= {form_place(row): row for row in items}
    gone = landed.tables.get("deleted", [])
    standing = records_in_force(
        list(forms.values()), landed.files, response_key, gone, "response_id"
    )
    found = []
    for key, row in standing:
        scores = scores_of(row, by_form[form_place(row)], instruments)
        if scores is not None:
            found.append(response_of(key, row, scores))
    return found


def form_place(row: Row) -> Key:
    """Where a form stands: file, line, block of visit, instrument version."""
    return (row["file_key"], row["line"], row["visit"], row["instrument"], row["version"])


def response_of(key: Key, row: Row, scores: dict[str, float | None]) -> Response:
    """A landed form with its scores."""
    return Response(
        key=key,
        participant_key=row["participant_key"],
        enrolment_id=row["enrolment_id"],
        instrument=row["instrument"],
        version=row["version"],
        # spec silent: a clinic that maps no status exports finished forms.
        status=row["status"] or "completed",
        completed_at=row["completed_at"],
        local_date=row["local_date"],
        visit=row["visit"] or row["visit_label"],
        response_id=row["response_id"] or "",
        scores=scores,
        scored_by="source" if row.get("answers") is None else "followthrough",
    )


def scores_of(
    row: Row, totals: list[Row], instruments: Instruments
) -> dict[str, float | None] | None:
    """All scores of one form; None refuses it (an answer or a total outside its range)."""
    one = instruments[row["instrument"], row["version"]]
    if row.get("answers") is None:
        inside = [
            one.scores[t["score_id"]].low <= t["value"] <= one.scores[t["score_id"]].high
            for t in totals
        ]
        return {t["score_id"]: t["value"] for t in totals} if all(inside) else None
    answers = dict(zip(one.items, row["answers"], strict=True))
    if not all(is_possible(value, *one.items[item]) for item, value in answers.items()):
        return None
    for item in one.reverse:
        low, high, _ = one.items[item]
        value = answers[item]
        answers[item] = None if value is None else low + high - value
    return {
        name: score_value(score, [answers[item] for item in score.items])
        for name, score in one.scores.items()
    }


def is_possible(value: float | None, low: float, high: float, whole: bool) -> bool:
    """An answer that is missing, or inside the item's range and whole where it must be."""
    if value is None:
        return True
    return low <= value <= high and (not whole or value == math.floor(value))


def score_value(score: Score, answers: list[float | None]) -> float | None:
    """One score by its method and its missing rule."""
    given = [value for value in answers if value is not None]
    if len(given) < needed(score.missing, len(answers)):
        return None
    return computed(score.method, given, len(answers))


def needed(missing: dict[str, Any], n_items: int) -> int:
    """How many answers the missing rule asks for."""
    if missing.get("policy", "complete_only") == "complete_only":
        return n_items
    return int(missing["min_answered"])


def computed(method: str, given: list[float], n_items: int) -> float:
    """The arithmetic of the methods that the demo's questionnaires use."""
    total = math.fsum(given)
    if method in ("identity", "sum"):
        return total
    if method == "mean":
        return total / len(given)
    if method == "sum_prorated":
        return total * n_items / len(given)
    raise NotImplementedError(f"the oracle does not score by {method!r}")
