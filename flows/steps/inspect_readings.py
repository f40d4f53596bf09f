"""Which tables an export can fill, and how: one reading for each, which becomes one drafted `source.toml`.

Evidence decides between enrolment, session, survey, measure and pause. One export may be read twice: a row with a diagnosis
and with questionnaires is an enrolment and a survey.
"""

from dataclasses import dataclass, field

from flows.steps.inspect_cells import with_cells
from flows.steps.inspect_columns import Roles, find_roles, find_suffixes, multiple
from flows.steps.inspect_questionnaires import Found, find_in_fhir, find_questionnaires
from flows.steps.inspect_redcap import readings_by_form
from flows.steps.inspect_sample import Sample
from schemas.instrument import Instrument
from schemas.source import REQUIRED
from schemas.vocabulary import Vocabularies

_VENDORS = ("qualtrics", "surveymonkey", "google_forms")
_PLAN = {
    "start_date", "plan_type", "duration_weeks", "duration_days", "duration_months", "sessions_per_week",
    "sessions_per_day", "minutes_per_session",
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """One table that an export can fill. `several`: columns between which nothing decides, by what they could be."""

    roles: Roles
    found: list[Found]
    suffixes: dict[str, list[str]] = field(default_factory=dict)
    several: dict[str, list[str]] = field(default_factory=dict)


def find_readings(
    sample: Sample, known: dict[tuple[str, str], Instrument], vocabularies: Vocabularies
) -> list[Reading]:
    """The best reading first, then those that stand beside it on evidence of their own."""
    if sample.fhir is not None:
        return [_read_fhir(sample, known)]
    suffixes = find_suffixes(sample.columns)
    found = find_questionnaires(_stems(sample, suffixes), sample.frame, known)
    tables = ("survey", "enrolment") if sample.format in _VENDORS else tuple(REQUIRED)
    all_roles = find_roles(sample.columns, found, suffixes, tables)
    if sample.format in _VENDORS:  # what such a tool asks is a survey, whatever else it may tell
        all_roles.sort(key=lambda roles: roles.table != "survey")
    readings: list[Reading] = []
    for place, roles in enumerate(all_roles):
        own = found if roles.table == "survey" else multiple(found)
        reading = _with_cells(Reading(roles, own, suffixes), sample, vocabularies)
        best = readings[0].roles.table if readings else None
        if place == 0 or _stands_beside(reading, str(best), sample):
            readings += _by_form(reading, sample)
    return readings


def _read_fhir(sample: Sample, known: dict[tuple[str, str], Instrument]) -> Reading:
    assert sample.fhir is not None
    view = sample.fhir
    roles = Roles(view.table, view.roles, None, None, 1.0, constants=view.constants)
    if view.table != "survey":
        return Reading(roles, [])
    return Reading(roles, find_in_fhir(view.codes, view.panels, sample.frame, known))


def _with_cells(reading: Reading, sample: Sample, vocabularies: Vocabularies) -> Reading:
    roles, found = reading.roles, reading.found
    taken = {c for f in found for c in (*f.items.values(), *f.totals)}
    taken |= {stem + s for s, group in reading.suffixes.items() for stem in group}
    is_wide = bool(reading.suffixes) or any(len(f.totals) > 1 for f in found)
    roles, several = with_cells(roles, sample.frame, taken, is_wide, vocabularies)
    return Reading(roles, found, reading.suffixes, several)


def _stands_beside(reading: Reading, best: str, sample: Sample) -> bool:
    """Whether the same rows fill this table as well, by columns that the best reading does not explain."""
    columns = reading.roles.columns.keys()
    match reading.roles.table:
        case "enrolment" if best in ("survey", "session"):
            is_plan = best == "survey" or len(columns & _PLAN) > 1
            return {"participant_id", "condition_code"} <= columns and is_plan
        case "survey" if best == "enrolment":
            return bool(multiple(reading.found)) and "participant_id" in columns
        case "session":
            return sample.format == "redcap" and "minutes" in columns and _has_day(reading)
    return False


def _has_day(reading: Reading) -> bool:
    return bool(reading.roles.columns.keys() & {"started_at", "local_date", "ended_at"})


def _by_form(reading: Reading, sample: Sample) -> list[Reading]:
    if sample.format != "redcap":
        return [reading]
    by_form = readings_by_form(reading.roles, reading.found, sample.frame)
    return [
        Reading(roles, own, reading.suffixes, _still(reading.several, roles))
        for roles, own in by_form
    ]


def _still(several: dict[str, list[str]], roles: Roles) -> dict[str, list[str]]:
    """What the forms have not decided."""
    return {name: columns for name, columns in several.items() if name not in roles.columns}


def _stems(sample: Sample, suffixes: dict[str, list[str]]) -> tuple[str, ...]:
    """Column names, those of visit blocks once and without their suffix."""
    block = {stem + suffix for suffix, group in suffixes.items() for stem in group}
    stems = dict.fromkeys(stem for group in suffixes.values() for stem in group)
    return tuple([*(c for c in sample.columns if c not in block), *stems])
