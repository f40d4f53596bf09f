"""What the columns of an export seem to be: the table, canonical columns, times, people's identifiers.

Names are compared with inspect_words.toml; cells are counted, never shown.
"""

import re
from dataclasses import dataclass

import polars as pl

from flows.readers.evidence import date_order_of, decimal_of
from flows.steps import times
from flows.steps.canonicalise import ALTERNATES, CONTRACTS
from flows.steps.inspect_questionnaires import Found
from flows.steps.inspect_words import find_word, plain, read_words, without_unit
from schemas.source import DEFAULT_MISSING, REQUIRED

_SEEN = 5000
_E_MAIL = r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$"
_IP = r"^(\d{1,3}\.){3}\d{1,3}$"
_PHONE = r"^(\+|00|\()[\d ()/.\-]{7,}$|^0\d{2,}[ /\-][\d \-/]{4,}$|^\d{3}[-. ]\d{3}[-. ]\d{4}$"
_PERSON = r"^\p{Lu}\p{Ll}+([- ]\p{Lu}\p{Ll}+){1,2}$"
_NAMELIKE_ROWS = 20
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

    @property
    def missing(self) -> list[str]:
        """Required columns that were not recognised."""
        return [name for name in REQUIRED[self.table] if name not in self.columns]


def find_roles(
    columns: tuple[str, ...], found: list[Found], suffixes: dict[str, list[str]], only: str | None
) -> Roles:
    """The table whose columns fit best, or the reading as the one table that a format allows."""
    stems = dict.fromkeys(stem for group in suffixes.values() for stem in group)
    names = [*(c for c in columns if not _in_block(c, suffixes)), *stems]
    readings = []
    for table in [only] if only else REQUIRED:
        # A single pain figure may be a session's; in a survey it is a questionnaire.
        own = found if table == "survey" else multiple(found)
        taken = {c for f in own for c in (*f.items.values(), *f.totals)}
        readings.append(_read_as(table, [n for n in names if n not in taken], own))
    return max(readings, key=lambda roles: roles.score)


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
    """A bare `id` is the row's where people have a column of their own, else the person's."""
    people = [n for n in names if find_word(n, "columns", "any") == "participant_id"]
    better = [n for n in people if plain(n) not in ("id", "code")]
    if better:
        columns["participant_id"] = better[0]
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


def find_identifiers(frame: pl.DataFrame) -> list[dict[str, str]]:
    """Columns that seem to name people: which, what kind, and why. No value is told."""
    found = []
    for column in frame.columns:
        if column == "line":
            continue
        cells = frame[column].drop_nulls().head(_SEEN).str.strip_chars()
        cells = cells.filter(cells != "")
        if kind := find_word(column, "identifiers"):
            found.append({"column": column, "kind": kind, "why": "its name"})
        elif kind := _by_content(cells):
            found.append({"column": column, "kind": kind, "why": "what its cells look like"})
    return found


def _by_content(cells: pl.Series) -> str | None:
    if cells.is_empty():
        return None
    for kind, pattern in {"e-mail": _E_MAIL, "IP address": _IP, "phone": _PHONE}.items():
        if cells.str.contains(pattern).mean() > 0.5:  # type: ignore[operator]
            return kind
    varied = cells.n_unique() > max(_NAMELIKE_ROWS, 0.5 * len(cells))
    return "name" if varied and cells.str.contains(_PERSON).mean() > 0.8 else None  # type: ignore[operator]


def kind_of(table: str, name: str) -> tuple[str, str | None, str | None]:
    """How a canonical column is read: kind, vocabulary, canonical unit."""
    column = CONTRACTS[table].to_schema().columns.get(name)
    metadata = (
        (column.metadata or {}) if column is not None else {"kind": ALTERNATES.get(name, "text")}
    )
    return str(metadata.get("kind")), metadata.get("vocabulary"), metadata.get("unit")


def time_columns(
    roles: Roles, frame: pl.DataFrame, suffixes: dict[str, list[str]]
) -> dict[str, list[str]]:
    """Canonical column of a time -> the export's columns that hold it (several in a wide export)."""
    found = {}
    for name, column in roles.columns.items():
        if kind_of(roles.table, name)[0] in ("date", "instant"):
            blocks = [column + s for s, group in suffixes.items() if column in group]
            found[name] = [c for c in blocks or [column] if c in frame.columns]
    return found


def date_evidence(columns: list[str], frame: pl.DataFrame) -> tuple[str | None, str]:
    """The order of day and month over all columns of time together."""
    return date_order_of(frame[column] for column in columns)


def decimal_evidence(
    roles: Roles, found: list[Found], frame: pl.DataFrame
) -> tuple[str | None, str]:
    """The decimal mark over all columns of figures together."""
    figures = [
        c for n, c in roles.columns.items() if kind_of(roles.table, n)[0] in ("number", "integer")
    ]
    figures += [c for f in found for c in (*f.items.values(), *f.totals)]
    return decimal_of(frame[column] for column in figures if column in frame.columns)


def epoch_unit(cells: pl.Series) -> str | None:
    """The unit of times that are written as plain figures."""
    figures = cells.drop_nulls().str.strip_chars().cast(pl.Float64, strict=False)
    if figures.is_empty() or figures.null_count() > 0.2 * len(figures):
        return None
    middle = figures.median()
    bounds = {"epoch_ms": (6e11, 4e12), "epoch_s": (6e8, 4e9), "excel_serial": (25000.0, 80000.0)}
    fits = (
        u for u, (low, high) in bounds.items() if isinstance(middle, float) and low < middle < high
    )
    return next(fits, None)


def n_unread_times(cells: pl.Series, order: str | None) -> int:
    """How many cells none of the known forms of a time fits."""
    written = times.read_times(cells, times.formats(order, None), DEFAULT_MISSING)
    return 0 if written.failed is None else int(written.failed.sum())
