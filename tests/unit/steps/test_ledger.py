"""The ledger: written whole or not at all, and swept clean of what dead runs left."""

import json
from pathlib import Path

import pytest

from flows.steps.ledger import (
    Ledger,
    Problem,
    clear_leftovers,
    read_ledger,
    read_receipt,
    remove_unused,
    write_json,
    write_ledger,
    write_receipt,
)
from schemas.errors import ExitCode


def receipt(key: str, clinic: str = "a", **more: object) -> dict[str, object]:
    """As much of a receipt as the ledger looks at."""
    names = {"file_key": key, "clinic_id": clinic, "source_id": "s", "file_name": f"{key}.csv"}
    return names | {"landed": {"session": f"parquet/session/{key}.parquet"}} | more


def land(warehouse: Path, key: str) -> Path:
    """An empty landed file of that key."""
    path = warehouse / f"parquet/session/{key}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_before_the_first_run_the_ledger_is_empty(tmp_path):
    assert read_ledger(tmp_path) == Ledger()


def test_a_ledger_comes_back_in_a_fixed_order_with_its_problems(tmp_path):
    problem = Problem(ExitCode.EXPORT_UNREADABLE, "a/s/x.csv: is empty")
    write_ledger(tmp_path, Ledger([receipt("k2", "b"), receipt("k1", "a")], [problem]))
    ledger = read_ledger(tmp_path)
    assert [file["file_key"] for file in ledger.files] == ["k1", "k2"]
    assert ledger.problems == [problem]
    assert ledger.exit_codes == [ExitCode.EXPORT_UNREADABLE]


def test_a_write_that_fails_leaves_the_old_content_and_no_draft(tmp_path):
    path = tmp_path / "ledger.json"
    write_json(path, {"old": 1})
    with pytest.raises(TypeError):
        write_json(path, {"new": object()})
    assert json.loads(path.read_text()) == {"old": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_receipt_counts_only_with_all_its_landed_files(tmp_path):
    assert read_receipt(tmp_path, "k1") is None
    write_receipt(tmp_path, receipt("k1"))
    assert read_receipt(tmp_path, "k1") is None
    landed = land(tmp_path, "k1")
    assert read_receipt(tmp_path, "k1") == receipt("k1")
    landed.unlink()
    assert read_receipt(tmp_path, "k1") is None


def test_leftovers_of_dead_runs_go_and_all_else_stays(tmp_path):
    warehouse = tmp_path / "warehouse"
    kept = [
        land(warehouse, "k1"),
        warehouse / "receipts/k1.json",
        warehouse / "releases/r1/manifest.json",
        tmp_path / "keys/a.key",
    ]
    half_written = [
        warehouse / ".ledger.json.77.tmp",
        warehouse / "receipts/.k2.json.77.tmp",
        warehouse / "parquet/session/k2.77.tmp",
        warehouse / "refused/clinic=a/k2.77.tmp",
        warehouse / "releases/.building-r2/analyst.duckdb",
        warehouse / "releases/.removing-r0/analyst.duckdb",
        tmp_path / "keys/.a.key.77",
    ]
    for path in kept + half_written:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for name, target in (("current", "releases/r1"), (".current.new", "releases/r2")):
        (warehouse / name).symlink_to(target)
    clear_leftovers(warehouse)
    assert sorted(
        p for p in tmp_path.rglob("*") if p.is_file() and "current" not in p.parts
    ) == sorted(kept)
    assert (warehouse / "current").is_symlink()
    assert not (warehouse / ".current.new").is_symlink()
    assert not any((warehouse / "releases").glob(".*"))
    clear_leftovers(tmp_path / "no warehouse yet")


def test_landed_files_that_nobody_needs_are_removed(tmp_path):
    needed, stale = land(tmp_path, "k1"), land(tmp_path, "k2")
    for key in ("k1", "k2"):
        write_receipt(tmp_path, receipt(key))
    assert remove_unused(tmp_path, {"k1"}) == 2
    assert needed.exists() and not stale.exists()
    assert [path.stem for path in (tmp_path / "receipts").iterdir()] == ["k1"]
