"""One fault, one thing told: no echoes, the right reach, and the cell's text only for the restricted file."""

from pathlib import Path

import polars as pl
import pytest

from flows.steps.canonicalise import CONTRACTS
from flows.steps.cells import Context
from flows.steps.judge import judge, offending_cells, without
from schemas.policy import read_policy
from schemas.source import Source, read_source
from schemas.vocabulary import read_vocabularies

CONTEXT = Context(read_vocabularies(), {}, read_policy())
GOOD = {
    "person": "P1", "start": "2026-01-05 10:00", "end": "2026-01-05 10:20", "length": "20", "state": "completed",
    "kind": "kneading", "before": "5",
}  # fmt: skip


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """An app whose columns have names of their own."""
    path = tmp_path / "source.toml"
    path.write_text(
        'clinic = "c"\ntable = "session"\nreader = "csv"\nexported_at = "mtime"\n[dialect]\ndate_order = "ymd"\n'
        '[columns]\nparticipant_id = "person"\nstarted_at = "start"\nended_at = "end"\nminutes = "length"\n'
        'status = "state"\ntechnique = "kind"\npain_pre = "before"\n',
        encoding="utf-8",
    )
    return read_source(path)


def told(source: Source, **cells: str | None) -> tuple[pl.DataFrame, list[tuple[str, ...]]]:
    """Of one row: itself if it stands, and what is said of it."""
    text = pl.DataFrame([{"line": 2, **GOOD, **cells}]).cast(dict.fromkeys(GOOD, pl.String))
    rows, failures = judge(text, source, Path("a.csv"), CONTEXT, CONTRACTS["session"].to_schema())
    (standing,) = without(failures, rows)
    return standing, failures.select("column_name", "rule_id", "severity").rows()


@pytest.mark.parametrize(
    ("cells", "column", "rule"),
    [
        ({"end": "2026-01-05 09:00"}, "end", "end_before_start"),
        ({"end": "2026-01-05 09:00", "length": None}, "end", "end_before_start"),
        ({"end": "2026-01-06 10:00", "length": None}, "end", "too_long"),
        ({"start": "soon"}, "start", "not_a_date"),
        ({"start": None, "end": None}, "start", "missing_required"),
        ({"length": "ten"}, "length", "not_a_number"),
    ],
)
def test_a_refused_row_is_told_once(source, cells, column, rule):
    standing, failures = told(source, **cells)
    assert standing.is_empty()
    assert failures == [(column, rule, "row")]


def test_a_day_is_missing_even_beside_a_bad_cell(source):
    standing, failures = told(source, start=None, end=None, kind="?")
    assert standing.is_empty()
    assert set(failures) == {("start", "missing_required", "row"), ("kind", "unknown_code", "cell")}


@pytest.mark.parametrize(
    ("cells", "name", "rule"),
    [
        ({"kind": "rubbing"}, "technique", "unknown_code"),
        ({"before": "14"}, "pain_pre", "out_of_range"),
        ({"before": "much"}, "pain_pre", "not_a_number"),
    ],
)
def test_a_bad_cell_is_blanked_and_its_row_stands(source, cells, name, rule):
    standing, failures = told(source, **cells)
    assert standing[name].to_list() == [None]
    assert standing["minutes"].to_list() == [20.0]
    assert failures == [(*cells, rule, "cell")]


def test_a_remark_changes_nothing_and_a_refused_row_gets_none(source):
    standing, failures = told(source, length="40")
    assert standing["minutes"].to_list() == [40.0]
    assert failures == [("length", "minutes_differ", "warning")]
    assert told(source, length="24")[1] == []  # a fifth more is not yet far apart
    assert told(source, length="40", state="?")[1] == [("state", "unknown_code", "row")]


def test_cells_are_found_by_their_line():
    text = pl.DataFrame({"line": [7, 3, 5], "a": ["x", "y", None], "b": ["1", "2", "3"]})
    failures = pl.DataFrame(
        {"line": [3, 5, 7, 3, 4, 9], "column_name": ["a", "a", "b", "b", "a", ""]}
    )
    assert offending_cells(failures, text).to_list() == ["y", None, "1", "2", None, None]
    assert offending_cells(failures.clear(), text).to_list() == []
    assert offending_cells(failures, text.clear()).to_list() == [None] * 6
