"""What the machine and the senders do to a run: full disks, files that still grow, a new contract."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.steps import discover, ingest_file, intake, land
from flows.steps.ledger import read_ledger
from flows.steps.pipeline import build_release, ingest_all, run_all
from flows.steps.publish import releases, rollback
from schemas.errors import ExitCode
from tests.tiny_world import (
    check_ledger,
    failure_of_run,
    fast_folder,
    leftovers,
    look,
    run_with_limit,
    write_world,
)

SESSIONS = "raw/riverside/session/export.csv"
MORE = "P2,2026-01-20 10:00,20\n"


@pytest.fixture(scope="module")
def world() -> Iterator[Path]:
    """A small world with one release; tests work on copies."""
    with fast_folder() as folder:
        write_world(folder, 2)
        run_all(folder, with_gate=False)
        yield folder


@pytest.fixture
def data(world) -> Iterator[Path]:
    with fast_folder() as folder:
        shutil.copytree(world, folder, symlinks=True, dirs_exist_ok=True)
        yield folder


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A disk of its own; only a privileged user may mount one."""
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(tmp_path)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a disk; the limit on file sizes is tested all the same")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def fill_up(disk: Path, n_left: int) -> Path:
    """Fill a disk but for some bytes."""
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    filler = disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free - n_left)
    return filler


@pytest.mark.slow
def test_a_disk_that_fills_up_at_any_arrow_leaves_the_old_release(small_disk):
    data = small_disk
    write_world(data, 2)
    run_all(data, with_gate=False)
    analyst = data / "warehouse/analyst.duckdb"
    before, size = look(analyst), analyst.stat().st_size
    write_world(data, 3)
    for n_left in (0, 100_000, size // 2, size + 1_000_000):
        filler = fill_up(data, n_left)
        code, message = failure_of_run(data)
        assert code == ExitCode.MACHINE, (n_left, message)
        assert message.startswith(f"no space left to write to {data / 'warehouse'}")
        assert "Free some space, then run again" in message
        assert look(analyst) == before
        assert list(data.rglob(".building-*")) == []  # its room is given back
        filler.unlink()
    assert failure_of_run(data) == (0, "")
    assert look(analyst)[2] == 3
    assert leftovers(data) == []


@pytest.mark.slow
@pytest.mark.parametrize("max_bytes", [0, 1_000_000])
def test_a_limit_on_file_sizes_leaves_the_old_release(data, max_bytes):
    before = look(data / "warehouse/analyst.duckdb")
    write_world(data, 3)
    code, message = run_with_limit(data, max_bytes)
    assert code == ExitCode.MACHINE
    assert message.startswith("no space left")
    assert look(data / "warehouse/analyst.duckdb") == before
    assert failure_of_run(data) == (0, "")
    assert look(data / "warehouse/analyst.duckdb")[2] == 3
    assert leftovers(data) == []


def test_a_file_that_grows_while_it_is_read_waits_and_touches_nothing(data, monkeypatch):
    write_world(data, 3)
    before, sessions = read_ledger(data / "warehouse"), data / SESSIONS

    def open_growing(path, *arguments):
        table = csv(path, *arguments)
        if path == sessions:
            with path.open("a") as file:
                file.write(MORE)
        return table

    csv = ingest_file.READERS["csv"]
    monkeypatch.setitem(ingest_file.READERS, "csv", open_growing)
    plan = intake.plan_intake(data)
    assert [intake.take_in(plan, export) for export in plan.new] == [None]
    assert plan.waiting == ["riverside/session/export.csv"]
    assert plan.problems == []
    assert intake.finish_intake(plan) == before
    assert build_release(data, with_gate=False).release_id is None
    assert leftovers(data) == []
    monkeypatch.undo()
    assert run_all(data, with_gate=False)[1].release_id is not None
    assert look(data / "warehouse/analyst.duckdb")[2] == 4


def test_a_file_cut_short_under_the_reader_waits_whatever_the_reader_says(data, monkeypatch):
    write_world(data, 3)
    sessions = data / SESSIONS

    def open_after_loss(path, *arguments):
        if path == sessions:
            path.write_text("")
        return csv(path, *arguments)

    csv = ingest_file.READERS["csv"]
    monkeypatch.setitem(ingest_file.READERS, "csv", open_after_loss)
    plan = intake.plan_intake(data)
    assert intake.take_in(plan, plan.new[0]) is None
    assert plan.waiting == ["riverside/session/export.csv"]
    assert plan.problems == []


def test_a_file_withdrawn_under_the_reader_waits(data, monkeypatch):
    write_world(data, 3)
    plan = intake.plan_intake(data)
    plan.new[0].path.unlink()
    assert intake.take_in(plan, plan.new[0]) is None
    assert plan.waiting == ["riverside/session/export.csv"]


def test_a_file_that_somebody_keeps_writing_to_never_fails_a_run(data):
    stop, sessions = threading.Event(), data / SESSIONS

    def write_on() -> None:
        with sessions.open("a", buffering=1) as file:
            while not stop.wait(0.002):
                file.write(MORE)

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        for _ in range(5):
            assert ingest_all(data).problems == []
    finally:
        stop.set()
        writer.join()
    ledger = ingest_all(data)
    (taken,) = (file for file in ledger.files if file["table"] == "session")
    assert taken["rows_read"] == len(sessions.read_text().splitlines()) - 1


def test_a_new_contract_version_lands_everything_again(data, monkeypatch):
    before = read_ledger(data / "warehouse").files
    for module in (discover, land, intake):
        monkeypatch.setattr(module, "CONTRACT_VERSION", "next")
    plan = intake.plan_intake(data)
    assert len(plan.new) == len(before) == 3
    after = ingest_all(data).files
    assert not {f["file_key"] for f in before} & {f["file_key"] for f in after}
    assert [f["rows_read"] for f in after] == [f["rows_read"] for f in before]
    assert build_release(data, with_gate=False).release_id is None  # no figure moved
    assert intake.plan_intake(data).new == []


def test_an_earlier_version_of_a_file_is_not_kept_across_contracts(data, monkeypatch):
    (data / SESSIONS).write_bytes(b"\0\0")
    for module in (discover, land, intake):
        monkeypatch.setattr(module, "CONTRACT_VERSION", "next")
    ledger = ingest_all(data)
    assert [p.exit_code for p in ledger.problems] == [ExitCode.EXPORT_UNREADABLE]
    assert [f["table"] for f in ledger.files] == ["enrolment", "survey"]


def test_a_rollback_stands_until_the_data_change(data):
    warehouse = data / "warehouse"
    write_world(data, 3)
    run_all(data, with_gate=False)
    first, second = (known.release_id for known in releases(warehouse))
    rollback(warehouse, first)
    assert run_all(data, with_gate=False)[1].release_id is None
    assert look(warehouse / "analyst.duckdb")[0] == first
    write_world(data, 4)
    third = run_all(data, with_gate=False)[1].release_id
    assert [known.release_id for known in releases(warehouse)] == [first, second, third]
    assert look(warehouse / "analyst.duckdb")[:3] == (third, (third,), 4)
    check_ledger(data)
