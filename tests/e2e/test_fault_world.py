"""A fault of every kind is told once, where it stands; the corrected export closes them all and leaves no trace."""

import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from flows.steps.ledger import Ledger
from flows.steps.pipeline import build_release, ingest_all
from schemas.errors import ExitCode
from schemas.rules import SEVERITIES, read_rules
from tests.exports import mart_bytes
from tests.fault_world import write_world
from tests.house import ROOT, check_none, text_of

FAULTY, CORRECTED = "2026-05-29", "2026-05-30"
TOLD = """
    select clinic_id || '/' || source_id, file_name, line, part, column_name, rule_id, severity
    from ops.refused_row where state in {states}
"""
# Rules on another kind of export, with what plants them.
ELSEWHERE = {
    "not_fhir": "tests/golden/fhir/wrong_forms.expected.json",
    "repeated_item": "tests/golden/fhir/repeated_items.expected.json",
    "several_records": "tests/golden/fhir/deletions_in_bulk.expected.json",
    "merged_cells": "tests/unit/readers/test_xlsx.py",
}

pytestmark = pytest.mark.slow


def build(data: Path, day: int) -> tuple[Ledger, duckdb.DuckDBPyConnection]:
    """One run; opens what an analyst would see."""
    ledger = ingest_all(data)
    build_release(data, now=datetime(2026, 6, day, tzinfo=UTC), with_gate=False)
    analyst = data / "warehouse/analyst.duckdb"
    return ledger, duckdb.connect(str(analyst.resolve()), read_only=True)


def problems(analyst: duckdb.DuckDBPyConnection, *states: str) -> Counter:
    return Counter(analyst.execute(TOLD.format(states=str([*states]))).fetchall())


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """The world without a fault."""
    data = tmp_path_factory.mktemp("clean")
    assert write_world(data, False, CORRECTED) == []
    ledger, analyst = build(data, 1)
    with analyst:
        yield data, ledger, analyst


@pytest.fixture(scope="module")
def faulty(tmp_path_factory, clean):
    """The world with all of them; pseudonyms are those of the clean one."""
    data = tmp_path_factory.mktemp("faulty")
    shutil.copytree(clean[0] / "keys", data / "keys")
    told = write_world(data, True, FAULTY)
    ledger, analyst = build(data, 1)
    with analyst:
        yield data, told, ledger, analyst


def test_nothing_is_told_of_a_clean_world(clean):
    _, ledger, analyst = clean
    assert ledger.problems == []
    assert problems(analyst, "new", "persisting", "fixed", "waived") == Counter()


def test_each_fault_is_found_once_where_it_stands_and_nothing_else_is(faulty):
    _, told, _, analyst = faulty
    assert problems(analyst, "new") == Counter(told)
    assert len(told) >= 40


def test_every_rule_is_planted(faulty):
    planted = {rule for *_, rule, _ in faulty[1]}
    assert planted | ELSEWHERE.keys() == read_rules().keys()
    assert not planted & ELSEWHERE.keys()
    check_none(rule for rule, path in ELSEWHERE.items() if rule not in text_of(ROOT / path))
    assert {severity for *_, severity in faulty[1]} == set(SEVERITIES)


def test_files_refused_whole_are_told_with_what_to_do(faulty):
    _, _, ledger, analyst = faulty
    assert [p.exit_code for p in ledger.problems] == [ExitCode.REFUSED_ABOVE_CEILING] * 2
    ceiling, unit = (problem.message for problem in ledger.problems)
    assert ceiling.startswith("harbour/app/export_2026-05-29.csv: too many rows are refused, ")
    assert "24 of 24 rows: 24 not_a_number in 'minutes'; the ceiling is 50 %" in ceiling
    assert unit.startswith("lakeside/app/export_2026-05-29.csv: 'minutes' is in another unit: ")
    assert all("fixlist" in message for message in (ceiling, unit))
    in_force = "select clinic_id from ops.file where table_name = 'session' group by all order by 1"
    assert analyst.execute(in_force).fetchall() == [("riverside",), ("seaside",)]


def test_what_was_refused_is_counted_and_cells_and_warnings_cost_no_row(faulty):
    _, told, _, analyst = faulty
    counted = Counter(
        (source, severity) for source, _, line, *_, severity in told if line
    )  # fmt: skip
    files = analyst.execute(
        "select clinic_id || '/' || source_id, rows_refused, parts_refused from ops.file "
        "where file_name like '%2026-05-29%' and clinic_id = 'riverside'"
    ).fetchall()
    for source, rows_refused, parts_refused in files:
        whole = {"riverside/forms": 1}.get(
            source, 0
        )  # a form without a day has no part that stands
        assert rows_refused == counted[source, "row"] + whole, source
        assert parts_refused == counted[source, "cell"] + counted[source, "response"] - whole, (
            source
        )


def test_the_corrected_export_closes_all_and_the_marts_are_those_of_the_clean_world(
    faulty, clean, tmp_path
):
    data, told, *_ = faulty
    for path in (data / "raw").rglob(f"*{FAULTY}*"):
        path.unlink()
    write_world(data, False, CORRECTED)
    ledger, analyst = build(data, 2)
    assert ledger.problems == []
    with analyst:
        assert problems(analyst, "new", "persisting") == Counter()
        assert problems(analyst, "fixed") == Counter(told)
        assert mart_bytes(analyst, tmp_path / "now") == mart_bytes(clean[2], tmp_path / "clean")


def test_a_corrected_snapshot_beside_the_bad_one_closes_all(clean, tmp_path):
    data = tmp_path / "snapshots"
    shutil.copytree(clean[0] / "keys", data / "keys")
    write_world(data, True, FAULTY, "snapshot")
    write_world(data, False, CORRECTED, "snapshot")
    ledger, analyst = build(data, 2)
    assert ledger.problems == []
    with analyst:
        assert problems(analyst, "new", "persisting") == Counter()
        assert mart_bytes(analyst, tmp_path / "now") == mart_bytes(clean[2], tmp_path / "clean")
