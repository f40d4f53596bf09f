"""Any table that Python's csv writes, in any dialect, is read back exactly or refused; never altered.

A cell counts as read exactly when it is equal as text (an empty cell is NULL); rows without content are set
aside and counted. Column names are trimmed, and their line breaks are LF.
"""

import csv
import io
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from flows.readers import layout
from flows.readers.csv_text import open_table
from schemas.errors import ExportUnreadable
from schemas.source import Dialect

# What makes trouble: marks of every dialect, line breaks of every kind, blanks, what else splits lines.
ALPHABET = st.sampled_from(
    [*"ab1,;\t|\"'\n\r \\#=é√", "\u2028", "\x85", "\x0b", "ß", "日", "\ufeff"]
)
CELLS = st.text(ALPHABET, max_size=6)
NAMES = (
    st.text(ALPHABET.filter("\ufeff".__ne__), min_size=1, max_size=5).map(str.strip).filter(bool)
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """A header of unique names, and rows as long as it."""
    header = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    width = len(header)
    rows = draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=6))
    return header, rows


@st.composite
def dialects(draw: st.DrawFn) -> dict[str, Any]:
    """Everything that Python's csv writer can be told."""
    double = draw(st.booleans())
    quoting = draw(
        st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC, csv.QUOTE_NONE])
    )
    must_escape = not double or quoting == csv.QUOTE_NONE
    return {
        "delimiter": draw(st.sampled_from(",;\t|")),
        "quotechar": draw(st.sampled_from(['"', '"', '"', "'"])),
        "lineterminator": draw(st.sampled_from(["\n", "\r\n", "\r"])),
        "doublequote": double,
        "quoting": quoting,
        "escapechar": "\\" if must_escape else None,
    }


def _written(header: list[str], rows: list[list[str]], dialect: dict[str, Any]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, **dialect)
    writer.writerows([header, *rows])
    return text.getvalue()


def _reads_back(
    text: str, header: list[str], rows: list[list[str]], dialect: dict[str, Any]
) -> bool:
    """Whether what was written still is the table, by Python's own reader."""
    try:
        again = list(csv.reader(io.StringIO(text, newline=""), **dialect))
    except csv.Error:
        return False
    return again == [header, *rows]


def _read(
    path: Path, declared: Dialect, header: list[str]
) -> tuple[list[list[str]], int, list[int]]:
    batches = list(open_table(path, declared, tuple(header)).batches(tuple(header)))
    assert all(batch.broken.is_empty() for batch in batches), "a row was refused"
    frames = [batch.frame for batch in batches if batch.frame.height]
    whole = pl.concat(frames) if frames else pl.DataFrame({"line": []})
    rows = [[cell or "" for cell in row[1:]] for row in whole.iter_rows()]
    return rows, sum(batch.n_ignored for batch in batches), whole["line"].to_list()


def _lines(
    text: str, header: list[str], rows: list[list[str]], dialect: dict[str, Any]
) -> list[int]:
    """The physical line on which each row with content starts, counted by writing the rows one by one."""
    end = "\r" if dialect["lineterminator"] == "\r" else "\n"
    at, lines = 1 + _written(header, [], dialect).count(end), []
    for row in rows:
        lines += [at] if any(cell.strip() for cell in row) else []
        at += _written(row, [], dialect).count(end)
    return lines


def _normal(name: str) -> str:
    return name.replace("\r\n", "\n").strip()


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(table=tables(), dialect=dialects(), declare=st.booleans(), data=st.data())
def test_read_back_exactly_or_refused(
    tmp_path: Path,
    table: tuple[list[str], list[list[str]]],
    dialect: dict[str, Any],
    declare: bool,
    data: st.DataObject,
) -> None:
    """The one promise of the reader of delimited text."""
    header, rows = table
    names = [_normal(name) for name in header]
    assume(len(set(names)) == len(names) and "line" not in names)
    try:
        text = _written(header, rows, dialect)
    except csv.Error:
        assume(False)
    assume(_reads_back(text, header, rows, dialect))
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le"]))
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode(encoding))
    told: dict[str, Any] = {"encoding": encoding} if encoding == "utf-16-le" else {}
    if declare:
        is_quoting = dialect["quoting"] != csv.QUOTE_NONE
        told |= {
            "delimiter": dialect["delimiter"],
            "quote": dialect["quotechar"] if is_quoting else "",
        }
        told |= {"escape": dialect["escapechar"]}
    size = data.draw(st.sampled_from([5, 64, layout.CHUNK]))
    try:
        with patch.object(layout, "CHUNK", size):
            found, n_ignored, lines = _read(path, Dialect(**told), names)
    except ExportUnreadable:
        event("refused")
        return
    except AssertionError:
        event("a row refused")
        return
    event("read")
    kept = [row for row in rows if any(cell.strip() for cell in row)]
    assert found == kept
    assert n_ignored == len(rows) - len(kept)
    assert lines == _lines(text, header, rows, dialect)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    table=tables(),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_is_declared_and_well_written_is_never_refused(
    tmp_path: Path,
    table: tuple[list[str], list[list[str]]],
    delimiter: str,
    end: str,
    quoting: Any,
) -> None:
    """The promise must not be kept by refusing everything."""
    header, rows = table
    names = [_normal(name) for name in header]
    assume(len(set(names)) == len(names) and "line" not in names)
    assume(not set("\r\ufeff") & set("".join(header) + "".join(map("".join, rows))))
    dialect: dict[str, Any] = {"delimiter": delimiter, "lineterminator": end, "quoting": quoting}
    text = _written(header, rows, dialect)
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8", newline="")
    found, _, lines = _read(path, Dialect(delimiter=delimiter, quote='"'), names)
    assert found == [row for row in rows if any(cell.strip() for cell in row)]
    assert lines == _lines(text, header, rows, dialect)
