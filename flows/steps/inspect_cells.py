"""What names alone did not tell: columns recognised by a part of their name, or by what their cells look like.

Each such guess says why it was made and is marked in the draft. Where several columns would do, none is taken: all are named.
"""

from dataclasses import replace

import polars as pl

from flows.steps.inspect_columns import Roles
from flows.steps.inspect_times import is_time, kind_of
from flows.steps.inspect_words import code_of, in_words, visit_of
from schemas.vocabulary import Vocabularies

_ID = r"^[A-Za-z]{1,8}[-_ ]?\d{2,}[A-Za-z0-9\-]*$"
_MAX_VISITS = 20
_TIME_OF = {"session": "started_at", "survey": "completed_at", "measure": "measured_at"}
_OTHER_TIMES = {"session": {"ended_at", "local_date"}}
# Beyond what is required: columns that a draft may take by a part of their name, if their cells fit.
_BY_PART = {"enrolment": ("start_date", "age", "sex_at_birth")}


def with_cells(
    roles: Roles, frame: pl.DataFrame, taken: set[str], is_wide: bool, vocabularies: Vocabularies
) -> tuple[Roles, dict[str, list[str]]]:
    """The reading with what parts of names and cells add, and the columns between which nothing decides."""
    free = [c for c in frame.columns if c != "line" and c not in taken]
    columns, why, several = dict(roles.columns), dict(roles.why), dict[str, list[str]]()

    def take(name: str, found: list[str], because: str) -> None:
        found = [c for c in found if c not in columns.values()]
        if len(found) == 1:
            columns[name], why[name] = found[0], because
        elif found:
            several[name] = found

    for name in [*roles.missing, *_BY_PART.get(roles.table, ())]:
        if name not in columns and name not in roles.constants:
            parts = [c for c in free if _means(c, name, roles.table)]
            fitting = [c for c in parts if _fits(frame[c], roles.table, name, vocabularies)]
            take(name, fitting, "a part of its name")
    if "participant_id" not in columns:
        take("participant_id", [c for c in free if _is_id(frame[c])], "what its cells look like")
    time = _TIME_OF.get(roles.table)
    known = columns.keys() | several.keys()
    if time and not known & {time, *_OTHER_TIMES.get(roles.table, set())} and not is_wide:
        take(time, [c for c in free if is_time(frame[c])], "what its cells look like")
    visit = roles.visit or (_visit(frame, free, columns) if _asks_visit(roles, is_wide) else None)
    return replace(roles, columns=columns, why=why, visit=visit), several


def _asks_visit(roles: Roles, is_wide: bool) -> bool:
    return roles.table == "survey" and not is_wide


def _means(column: str, name: str, table: str) -> bool:
    """Whether a part of a column's name means this canonical column."""
    return name in (in_words(column, "columns", table), in_words(column, "columns", "any"))


def _fits(cells: pl.Series, table: str, name: str, vocabularies: Vocabularies) -> bool:
    """Whether the cells can be what a part of the name says: a name like `average_speed` holds `age` only in letters."""
    kind, vocabulary, _ = kind_of(table, name)
    filled = cells.drop_nulls().str.strip_chars()
    filled = filled.filter(~filled.is_in(["", "NA"]))
    if kind in ("integer", "number"):
        return filled.cast(pl.Float64, strict=False).null_count() == 0
    if kind in ("date", "instant"):
        return is_time(cells)
    if kind == "code" and vocabulary == "sex_at_birth":
        codes = vocabularies[vocabulary]
        return all(word in codes or code_of(word, vocabulary, codes) for word in filled.unique())
    return True


def _is_id(cells: pl.Series) -> bool:
    """Letters and figures without a gap, and more than a few different ones: `P001`, `LH-0002`."""
    filled = cells.drop_nulls().str.strip_chars()
    filled = filled.filter(filled != "")
    if filled.is_empty() or len(filled) < len(cells) or filled.n_unique() < 2:
        return False
    return bool(filled.str.contains(_ID).all())


def _visit(frame: pl.DataFrame, free: list[str], columns: dict[str, str]) -> str | None:
    """The one column whose few words are mostly names of visits."""
    found = []
    for column in free:
        words = frame[column].drop_nulls().str.strip_chars().unique()
        words = words.filter((words != "") & ~words.str.contains(r"^[\d.,:/\- ]*$"))
        if column not in columns.values() and 2 <= len(words) <= _MAX_VISITS:
            n_known = len({visit_of(word) for word in words} - {None})
            if n_known >= 2 and n_known * 2 >= len(words):
                found.append(column)
    return found[0] if len(found) == 1 else None
