"""SurveyMonkey exports: a question over its answer columns, or one row of header.

The first row names a question once, over the first of its columns; the second names the answer of each. A column is called
`question - answer`, as SurveyMonkey itself joins them in exports with one row; where the second row is blank or
only says that a response stands here, it is called by its question alone.
"""

from itertools import pairwise
from pathlib import Path

from flows.readers.first_look import first_records
from flows.readers.named_header import Cells, Naming, one_line, open_named
from flows.readers.table import TextTable
from schemas.source import Dialect

_MERE = {"response", "open-ended response"}
_RESPONDENT = {"respondentid", "respondent id"}


def open_table(path: Path, dialect: Dialect, wanted: tuple[str, ...]) -> TextTable:
    """Open one export; raises ExportUnreadable where it cannot be read in one way only."""
    named = open_named(path, dialect, wanted, _name_columns, "no SurveyMonkey export")
    named.check(wanted)
    return TextTable(tuple(named.by_name), named.batches, named.table.receipt)


def looks_like(path: Path) -> str | None:
    """What speaks for a SurveyMonkey export, if anything does."""
    records = first_records(path, 2)
    if not records or records[0][0].casefold() not in _RESPONDENT:
        return None
    naming = _name_columns(records, None)
    return f"column {records[0][0]}; {naming.why}"


def _name_columns(records: list[Cells], declared: int | None) -> Naming:
    first, second = [*records, ()][:2]
    why = _why_two_rows(first, second)
    if why is None and declared != 2:
        return Naming(tuple((one_line(cell), cell) for cell in first), 1, "one row of questions")
    width = max(len(first), len(second))
    rows = [[one_line(cell) for cell in row] + [""] * (width - len(row)) for row in (first, second)]
    names, question = [], ""
    for top, below in zip(*rows, strict=True):
        question = top or question
        is_mere = not below or below.casefold() in _MERE
        name = question if is_mere else f"{question} - {below}"
        names.append((name if top or below else "",))
    return Naming(tuple(names), 2, why or "two rows, as declared")


def _why_two_rows(first: Cells, second: Cells) -> str | None:
    """What shows that the second record still belongs to the header."""
    if any(cell.casefold() in _MERE for cell in second):
        return "two rows: the second says where responses stand"
    below = list(zip(first[1:], second[1:], strict=False))
    if not any(second[:1]) and any(answer and not question for question, answer in below):
        return "two rows: the second names answers below questions that stretch over them"
    repeated = any(one and one == other for one, other in pairwise(first))
    is_respondent = bool(first) and first[0].casefold() in _RESPONDENT
    if is_respondent and not any(second[:1]) and repeated:
        return "two rows: the second names answers below repeated questions, and no respondent"
    return None
