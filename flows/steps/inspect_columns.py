"""What the columns of an export seem to be, by their names: the table, its canonical columns, blocks of visits.

Names are compared with inspect_words.toml; what only cells can tell is added by inspect_cells.py.
"""

import re
from dataclasses import dataclass, field

from flows.steps.inspect_questionnaires import Found
from flows.steps.inspect_words import find_word, plain, read_words, without_unit
from schemas.source import REQUIRED

_SUFFIX = re.compile(
    r"(?i)^(.+?)([._ -](?:(?:t|v|visit|tp|w|wk|week|m|month)_?\d+|baseline|bl|pre|mid|post|end|final|fu\d*|followup))$"
)


@dataclass(frozen=True)
class Roles:
    """One reading of an export: the table and, for each canonical column, the export's own."""

    table: str
    columns: dict[str, str]
    visit: str | None
    clock: str | None  # a time of day beside a date
    score: float
    why: dict[str, str] = field(default_factory=dict)  # of what is less sure than a whole name
    constants: dict[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """Required columns that were not recognised."""
        return [
            name
            for name in REQUIRED[self.table]
            if name not in self.columns and name not in self.constants
        ]


def find_roles(
    columns: tuple[str, ...],
    found: list[Found],
    suffixes: dict[str, list[str]],
    tables: tuple[str, ...],
) -> list[Roles]:
    """One reading for each of these tables, the best first."""
    stems = dict.fromkeys(stem for group in suffixes.values() for stem in group)
    names = [*(c for c in columns if not _in_block(c, suffixes)), *stems]
    readings = []
    for table in tables:
        # A single pain figure may be a session's; in a survey it is a questionnaire.
        own = found if table == "survey" else multiple(found)
        taken = {c for f in own for c in (*f.items.values(), *f.totals)}
        readings.append(_read_as(table, [n for n in names if n not in taken], own))
    return sorted(readings, key=lambda roles: -roles.score)


def multiple(found: list[Found]) -> list[Found]:
    """The questionnaires of more than one question."""
    return [f for f in found if len(f.instrument.item_ids) > 1]


def _in_block(column: str, suffixes: dict[str, list[str]]) -> bool:
    return any(
        column.removesuffix(s) in group for s, group in suffixes.items() if column.endswith(s)
    )


def _read_as(table: str, names: list[str], found: list[Found]) -> Roles:
    columns: dict[str, str] = {}
    for name in names:
        word = _role(name, table)
        if word is not None and word not in columns:
            columns[word] = name
    if table == "session" and columns.get("session_id") == columns.get("participant_id"):
        columns.pop("session_id", None)
    _settle_participant(columns, names, table)
    visit = next((n for n in names if _is(n, "visit")), None)
    clock = next((n for n in names if _is(n, "clock")), None)
    is_survey = table == "survey"
    score = len(set(columns) - {"participant_id", "enrolment_id", "tz", "language", "status"})
    score += 2 * all(name in columns for name in REQUIRED[table])
    whole = sum(4 for f in found if f.totals or len(f.instrument.item_ids) > 1)
    score += (whole + bool(found) + bool(visit)) if is_survey else 0
    score -= 10 if is_survey and not found else 0
    score -= (
        3
        if table == "session" and not columns.keys() & {"started_at", "ended_at", "local_date"}
        else 0
    )
    visit = visit if is_survey and visit not in columns.values() else None
    return Roles(table, columns, visit, clock if clock not in columns.values() else None, score)


def _is(name: str, special: str) -> bool:
    return plain(name) in {plain(word) for word in read_words()["special"][special]}


def _role(name: str, table: str) -> str | None:
    """The canonical column that a name means in this table."""
    for spelt in (name, without_unit(name)):
        if role := find_word(spelt, "columns", table) or find_word(spelt, "columns", "any"):
            return role
    return None


def _settle_participant(columns: dict[str, str], names: list[str], table: str) -> None:
    """A bare `id`, or a vendor's respondent, is the row's where people have a column of their own, else the person's."""
    people = [n for n in names if find_word(n, "columns", "any") == "participant_id"]
    better = [n for n in people if plain(n) not in ("id", "code", "respondentid")]
    if better:
        columns["participant_id"] = better[0]
        if table == "survey":
            row = next((n for n in people if plain(n) == "respondentid"), None)
            columns |= {"response_id": row} if row and "response_id" not in columns else {}
    elif people:
        columns["participant_id"] = people[0]
        for name, column in list(columns.items()):
            if column == people[0] and name != "participant_id":
                del columns[name]


def find_suffixes(columns: tuple[str, ...]) -> dict[str, list[str]]:
    """Visit blocks of a wide export: suffix -> the names that bear it; {} where there are none."""
    groups: dict[str, list[str]] = {}
    for column in columns:
        if match := _SUFFIX.match(column):
            groups.setdefault(match[2], []).append(match[1])
    shared = {
        s: [n for n in g if sum(n in other for other in groups.values()) > 1]
        for s, g in groups.items()
    }
    kept = {suffix: group for suffix, group in shared.items() if group}
    return kept if len(kept) > 1 else {}
