"""The demo through every step but the orchestrator: what was planted is refused, in whatever order it comes."""

import shutil
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from benchmarks.clinic_network import write_network
from flows.steps.pipeline import build_release, ingest_all
from flows.steps.publish import export_marts

DEMO = Path(__file__).parents[2] / "data/raw/demo"

pytestmark = pytest.mark.slow


def exports() -> list[Path]:
    """The export files of the demo, without mappings and the note."""
    return sorted(p for p in DEMO.glob("*/*/*") if p.name != "source.toml")


def bring(path: Path, raw: Path) -> None:
    """One export arrives, with the mapping of its folder."""
    folder = raw / path.parent.relative_to(DEMO)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("source.toml", path.name):
        shutil.copy2(path.parent / name, folder / name)


def mart_bytes(data: Path, out: Path) -> dict[str, bytes]:
    """Every mart of the release in force, as its export."""
    with duckdb.connect(str(data / "warehouse/analyst.duckdb"), read_only=True) as connection:
        return {path.name: path.read_bytes() for path in export_marts(connection, out)}


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return write_network(tmp_path_factory.mktemp("regenerated"))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The whole demo at once, published through the gate."""
    data = tmp_path_factory.mktemp("all_at_once")
    shutil.copytree(DEMO, data / "raw")
    assert ingest_all(data).problems == []
    assert build_release(data).release_id is not None
    return data


@pytest.fixture(scope="module")
def analyst(data):
    with duckdb.connect(str(data / "warehouse/analyst.duckdb"), read_only=True) as connection:
        yield connection


def test_each_bad_row_is_refused_by_its_one_rule(analyst, planted):
    refused = Counter(
        analyst.sql(
            "select clinic_id, source_id, file_name, line, rule_id from ops.refused_row "
            "where severity <> 'warning'"
        ).fetchall()
    )
    assert refused == Counter(
        (file.clinic, file.source, file.file_name, line, rule)
        for file in planted.files
        for line, rule in file.bad
    )


def test_eight_rules_counted_as_planted(analyst, planted):
    counted = """
        select rule_id, count(*) from ops.refused_row where severity <> 'warning' group by rule_id
    """
    assert dict(analyst.sql(counted).fetchall()) == dict(planted.by_rule)
    assert len(planted.by_rule) == 8


def test_a_bad_pain_rating_costs_the_cell_and_pauses_told_too_late_are_noted(analyst):
    counted = """
        select severity, rule_id, count(*) from ops.refused_row
        where severity in ('cell', 'warning') group by all order by all
    """
    assert analyst.sql(counted).fetchall() == [
        ("cell", "out_of_range", 20),
        ("warning", "pause_not_applied", 2),
    ]


def test_no_row_is_lost(analyst, planted):
    read, told = (
        dict(((clinic, source, name), rest) for clinic, source, name, *rest in rows)
        for rows in (
            analyst.sql(
                "select clinic_id, source_id, file_name, rows_read, rows_ignored from ops.file"
            ).fetchall(),
            [(f.clinic, f.source, f.file_name, f.rows, f.empty) for f in planted.files],
        )
    )
    assert read == told
    unbalanced = """
        select file_name from ops.file
        where rows_read <> rows_accepted + rows_refused + rows_superseded + rows_ignored
    """
    assert analyst.sql(unbalanced).fetchall() == []


def test_repetitions_and_overlaps_are_superseded_and_nothing_else_is(analyst, planted):
    superseded = dict(analyst.sql("select file_name, rows_superseded from ops.file").fetchall())
    for file in planted.files:
        if file.source == "app" or file.file_name.startswith("synthetic_outcomes_2025"):
            assert superseded[file.file_name] >= file.repeated  # also sent again by a later export
        else:
            assert superseded[file.file_name] == file.repeated, file.file_name


def test_both_marts_have_rows_by_condition_and_duration(analyst):
    for mart in ("mart_adherence", "mart_outcome"):
        bands = f"""
            select count(distinct condition), count(distinct duration_band) from marts.{mart}
            where level = 'condition' and duration_band <> 'all' and n_enrolled > 0
        """
        assert analyst.sql(bands).fetchall() == [(9, 6)], mart


def test_a_second_run_ingests_nothing_and_publishes_nothing(data):
    landed = {p: p.stat().st_mtime_ns for p in (data / "warehouse").rglob("*.parquet")}
    assert ingest_all(data).problems == []
    assert build_release(data).release_id is None
    assert {p: p.stat().st_mtime_ns for p in (data / "warehouse").rglob("*.parquet")} == landed


@pytest.mark.parametrize("order", ["one_by_one", "reverse"])
def test_the_order_of_arrival_leaves_no_trace_in_the_marts(order, data, tmp_path):
    late = tmp_path / "data"
    # The same pseudonym key: otherwise people are the same, but their keys sort differently.
    shutil.copytree(data / "keys", late / "keys")
    for path in exports() if order == "one_by_one" else reversed(exports()):
        bring(path, late / "raw")
        assert ingest_all(late).problems == []
    assert build_release(late, with_gate=False).release_id is not None
    assert mart_bytes(late, tmp_path / "late") == mart_bytes(data, tmp_path / "at_once")
