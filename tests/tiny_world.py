"""A clinic of four people, small enough to run again and again, and runs of it in processes that may be killed.

Processes are forked from a server that has only imported things: a killed one costs a run, not the imports.
The data lie in memory where the machine allows it: what a kill leaves behind does not depend on the disk.
"""

import multiprocessing
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb

from flows.steps.failures import plain_failures
from flows.steps.ledger import read_ledger
from flows.steps.pipeline import run_all
from schemas.errors import UserError
from tests.exports import Clinic

PEOPLE = ("P1", "P2", "P3", "P4")
DAY = date(2026, 3, 31)
# What changes the file system in a way that somebody else could see.
MOVES = ("os.rename", "os.symlink", "os.remove", "os.rmdir", "os.mkdir", "os.link")
SEEN = """
    select
        (select release_id from ref.run),
        (select list(distinct release_id) from (
            select release_id from marts.mart_adherence union all select release_id from marts.mart_outcome)),
        (select count(*) from facts.fct_session),
        (select sum(rows_read)::bigint from ops.file where table_name = 'session')
"""

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["flows.steps.pipeline", "flows.steps.release"])


@contextmanager
def fast_folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def tiny_clinic(n_sessions: int = 3) -> Clinic:
    """Four people on four weeks of neck massage; one of them logs `n_sessions` sessions."""
    clinic = Clinic("riverside", DAY, exported_at=DAY)
    for person in PEOPLE:
        clinic.enrol(person, start_date="2026-01-05")
        clinic.ask(person, "2026-01-04 09:00", nrs=6)
        clinic.ask(person, "2026-02-02 09:00", nrs=3)
    for n in range(n_sessions):
        clinic.log("P1", f"2026-01-{6 + n // 20:02} {n % 20:02}:00")
    return clinic


def write_world(data: Path, n_sessions: int = 3) -> None:
    """Put the clinic's exports below `data/raw`, in place of those that are there."""
    tiny_clinic(n_sessions).write(data)


def start_run(data: Path) -> Any:
    """A whole run without the gate, in a process of its own."""
    process = processes.Process(target=run_all, args=(data, None, None, False))
    process.start()
    return process


def run_to_the_end(data: Path) -> None:
    """A run that nobody kills."""
    process = start_run(data)
    process.join()
    assert process.exitcode == 0


def die_at_move(number: int, function: Callable[..., Any], *arguments: Any) -> int:
    """Call in a process that kills itself before its nth move; returns its exit code, 0 if it had fewer."""
    process = processes.Process(target=_die_at_move, args=(number, function, *arguments))
    process.start()
    process.join()
    return int(process.exitcode)


def _die_at_move(number: int, function: Callable[..., Any], *arguments: Any) -> None:
    n_moves = 0

    def count(event: str, _: tuple[Any, ...]) -> None:
        nonlocal n_moves
        if event in MOVES:
            n_moves += 1
            if n_moves == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    function(*arguments)


def run_with_limit(data: Path, max_bytes: int) -> tuple[int, str]:
    """A run in a process that may write no file larger than that; returns exit code and message."""
    told, telling = processes.Pipe(duplex=False)
    process = processes.Process(target=_run_with_limit, args=(data, max_bytes, telling))
    process.start()
    process.join()
    return told.recv()


def _run_with_limit(data: Path, max_bytes: int, telling: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, resource.RLIM_INFINITY))
    telling.send(failure_of_run(data))


def failure_of_run(data: Path) -> tuple[int, str]:
    """Exit code and message of a plain run; 0 and nothing where it went well."""
    try:
        with plain_failures(data / "warehouse"):
            run_all(data, with_gate=False)
    except UserError as error:
        return int(error.exit_code), error.message
    return 0, ""


def look(analyst: Path) -> tuple[str, tuple[str, ...], int, int]:
    """What a reader sees: the release, those that the marts name, sessions in the facts and in the audit."""
    with duckdb.connect(str(analyst), read_only=True) as connection:
        row = connection.execute(SEEN).fetchone()
    assert row is not None
    return str(row[0]), tuple(row[1]), int(row[2]), int(row[3])


def watch(analyst: Path, stop: Any, told: Connection) -> None:
    """A reader who looks through the stable path until told to stop; sends what was seen, or the error."""
    looks = []
    try:
        while not stop.wait(0.05):  # a pause, so that the writer gets its share of a small machine
            looks.append(look(analyst))
        told.send(looks)
    except Exception as error:
        told.send(error)


def leftovers(data: Path) -> list[Path]:
    """Whatever lies about that no finished run leaves behind."""
    patterns = ("*.tmp", ".building-*", ".removing-*", "*.new", "*.wal", "spill", "*.key.*")
    return sorted(path for pattern in patterns for path in data.rglob(pattern))


def check_ledger(data: Path) -> None:
    """The ledger names exactly what lies below parquet, refused and receipts."""
    warehouse = data / "warehouse"
    files = read_ledger(warehouse).files
    named = {warehouse / path for file in files for path in file["landed"].values()}
    assert {
        *warehouse.rglob("parquet/**/*.parquet"),
        *warehouse.rglob("refused/**/*.parquet"),
    } == named
    receipts = {path.stem for path in (warehouse / "receipts").iterdir()}
    assert receipts == {file["file_key"] for file in files}
