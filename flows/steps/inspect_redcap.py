"""What REDCap's own naming tells beyond words: whose record, which event, and on which form a questionnaire stands.

The first column names the record. A form's columns stand together and end with its state; a survey's time stamp and status
belong to its form, so questionnaires of different forms are different sources.
"""

from dataclasses import replace

import polars as pl

from flows.readers.redcap_form import STRUCTURAL
from flows.steps.inspect_columns import Roles
from flows.steps.inspect_questionnaires import Found
from flows.steps.inspect_times import is_time
from flows.steps.inspect_words import in_words

# What makes an enrolment, a session, a measure, a pause.
_ANCHORS = ("condition_code", "start_date", "started_at", "local_date", "measured_at", "from_date")
_EVENTS = ("redcap_event_name", "Event Name")


def readings_by_form(
    roles: Roles, found: list[Found], frame: pl.DataFrame
) -> list[tuple[Roles, list[Found]]]:
    """A survey's reading once for each time stamp that its questionnaires have; other tables as they are."""
    columns = [c for c in frame.columns if c != "line"]
    roles = _with_record(roles, columns)
    if roles.table != "survey":
        return [(_on_its_form(roles, columns), found)]
    roles = replace(roles, visit=next((c for c in columns if c in _EVENTS), roles.visit))
    by_time: dict[str | None, list[Found]] = {}
    for one in found:
        by_time.setdefault(_time_of(one, columns, frame), []).append(one)
    return [(_at(roles, time, columns), own) for time, own in by_time.items()] or [(roles, found)]


def _with_record(roles: Roles, columns: list[str]) -> Roles:
    """The record is the person, whatever its column is called; what says which event or instance a line is means nothing else."""
    kept = {n: c for n, c in roles.columns.items() if c not in STRUCTURAL and c != columns[0]}
    return replace(roles, columns={"participant_id": columns[0]} | kept)


def _on_its_form(roles: Roles, columns: list[str]) -> Roles:
    """Only what stands on one form with the column that makes the table: a diary's minutes are no part of a plan."""
    anchors = (roles.columns.get(name) for name in _ANCHORS)
    anchor = next((c for c in anchors if c in columns), None)
    if anchor is None:
        return roles
    form = {*_form_of(columns.index(anchor), columns), columns[0]}
    return replace(roles, columns={n: c for n, c in roles.columns.items() if c in form})


def _time_of(found: Found, columns: list[str], frame: pl.DataFrame) -> str | None:
    """The time stamp of the form on which a questionnaire stands, else the one date on that form."""
    own = next(iter([*found.items.values(), *found.totals]), None)
    if own not in columns:
        return None
    form = _form_of(columns.index(own), columns)
    stamps = [c for c in form if _status_of(c)]
    if stamps:
        return stamps[-1]
    dates = [c for c in form if c not in STRUCTURAL and is_time(frame[c])]
    named = [c for c in dates if in_words(c, "columns", "survey") == "completed_at"]
    return next(iter(named if len(dates) > 1 else dates), None)


def _form_of(place: int, columns: list[str]) -> list[str]:
    """The columns of the form around a column."""
    ends = [
        n for n, name in enumerate(columns) if name.endswith("_complete") or name == "Complete?"
    ]
    first = max((n + 1 for n in ends if n < place), default=0)
    last = min((n for n in ends if n > place), default=len(columns))
    return columns[first:last]


def _status_of(column: str) -> str | None:
    """The column in which the reader tells the state of a survey, by the name of its time stamp."""
    if column == "Survey Timestamp":
        return "Survey Status"
    return column.removesuffix("_timestamp") + "_status" if column.endswith("_timestamp") else None


def _at(roles: Roles, time: str | None, columns: list[str]) -> Roles:
    if time is None:
        return roles
    status = _status_of(time)
    own = {"completed_at": time} | ({"status": status} if status in columns else {})
    kept = {n: c for n, c in roles.columns.items() if n not in ("completed_at", "status")}
    return replace(roles, columns=kept | {n: c for n, c in own.items() if c})
