"""The command line as people meet it: what it prints, and the code with which it leaves.

Commands run in a process with an empty home folder. Those that need the orchestrator share one server; the
first of them starts its own, as a newcomer's does.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from flows.steps.lock import writer_lock
from flows.steps.pipeline import run_all
from flows.steps.publish import current_release_id, releases
from schemas.errors import ExitCode
from tests.tiny_world import fast_folder, look, tiny_clinic, write_world

CANARY = "KANARIENVOGEL"
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def home(tmp_path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def followthrough(home) -> Command:
    """Run a command; `before` is Python that runs first, to break something; `server` is a Prefect API."""

    def call(*words: object, before: str = "", server: str | None = None):
        env = {
            n: v for n, v in os.environ.items() if not n.startswith(("PREFECT_", "FOLLOWTHROUGH_"))
        }
        env |= {"HOME": str(home), "COLUMNS": "100"} | (
            {"PREFECT_API_URL": server} if server else {}
        )
        program = f"{before}\nfrom flows.cli import main\nmain()"
        command = [sys.executable, "-c", program, *map(str, words)]
        return subprocess.run(command, env=env, text=True, capture_output=True, check=False)

    return call


@pytest.fixture(scope="module")
def world() -> Iterator[Path]:
    """Two releases of the tiny world; tests work on copies."""
    with fast_folder() as folder:
        for n_sessions in (2, 3):
            write_world(folder, n_sessions)
            run_all(folder, with_gate=False)
        yield folder


@pytest.fixture
def data(world) -> Iterator[Path]:
    with fast_folder() as folder:
        shutil.copytree(world, folder, symlinks=True, dirs_exist_ok=True)
        yield folder


# --- without the orchestrator -----------------------------------------------------------------


def test_version_and_help(followthrough):
    told = followthrough("--version")
    assert (told.returncode, told.stdout.strip()) == (0, version("followthrough"))
    for words in (["--help"], []):
        told = followthrough(*words)
        assert told.returncode == ExitCode.OK
        for command in ("run", "ingest", "build", "status", "releases", "rollback", "inspect"):
            assert f" {command} " in told.stdout


@pytest.mark.parametrize(
    "words",
    [["frobnicate"], ["run", "--bogus"], ["rollback"], ["run", "--as-of", "yesterday"]],
    ids=" ".join,
)
def test_wrong_usage_leaves_with_2(followthrough, words):
    told = followthrough(*words)
    assert told.returncode == ExitCode.USAGE
    assert words[-1] in told.stderr or "release" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_folder_without_exports_leaves_with_10_and_makes_nothing(followthrough, tmp_path):
    for command in ("run", "ingest"):
        told = followthrough(command, "--data", tmp_path / "typo")
        assert told.returncode == ExitCode.NO_EXPORTS
        assert f"there is no folder {tmp_path / 'typo' / 'raw'}" in told.stderr
    assert not (tmp_path / "typo").exists()


@pytest.mark.parametrize(
    "words", [["run"], ["ingest"], ["build"], ["rollback", "any"]], ids=" ".join
)
def test_a_second_run_during_a_run_leaves_with_15(followthrough, data, words):
    with writer_lock(data / "warehouse"):
        told = followthrough(*words, "--data", data)
    assert told.returncode == ExitCode.LOCKED
    assert told.stderr.splitlines() == [
        f"another run is writing to {data / 'warehouse'}; wait for it, or try again later"
    ]
    assert told.stdout == ""


def test_releases_and_rollback(followthrough, data):
    first, second = (known.release_id for known in releases(data / "warehouse"))
    listed = followthrough("releases", "--data", data)
    assert [line[:2] for line in listed.stdout.splitlines()] == ["  ", "* "]
    assert first in listed.stdout and second in listed.stdout

    unknown = followthrough("rollback", "20000101T000000Z", "--data", data)
    assert unknown.returncode == ExitCode.UNKNOWN_NAME
    assert first in unknown.stderr  # what could have been meant
    assert current_release_id(data / "warehouse") == second

    back = followthrough("rollback", first, "--data", data)
    assert (back.returncode, back.stdout) == (0, f"in force: {first}, as of 2026-03-31\n")
    assert look(data / "warehouse/analyst.duckdb")[0] == first
    as_json = json.loads(followthrough("releases", "--data", data, "--json").stdout)
    assert [known["is_current"] for known in as_json] == [True, False]


def test_status_tells_health_by_its_code(followthrough, data):
    told = followthrough("status", "--data", data)
    assert (told.returncode, told.stdout.splitlines()[-1]) == (ExitCode.OK, "healthy")
    (data / "raw/riverside/session/export.csv").write_bytes(b"\0")
    run_all(data, with_gate=False)
    told = followthrough("status", "--data", data)
    assert told.returncode == ExitCode.UNHEALTHY
    assert "problem: riverside/session/export.csv: " in told.stdout
    told = followthrough("status", "--data", data / "nowhere")
    assert told.returncode == ExitCode.UNHEALTHY
    assert not (data / "nowhere").exists()


def test_a_broken_machine_and_a_bug_are_told_in_one_line(followthrough, data):
    broken = "import flows.steps.report as r\ndef broken(_): raise {}\nr.describe_releases = broken"
    a_bug, a_denial = f"ValueError('{CANARY}')", "PermissionError(13, 'x', 'y')"
    bug = followthrough("releases", "--data", data, before=broken.format(a_bug))
    assert bug.returncode == ExitCode.BUG
    assert "bug: ValueError at " in bug.stderr
    machine = followthrough("releases", "--data", data, before=broken.format(a_denial))
    assert machine.returncode == ExitCode.MACHINE
    assert "Permission denied" in machine.stderr
    for told in (bug, machine):
        assert told.stderr.count("\n") == 1
        assert CANARY not in told.stderr


# --- through the orchestrator -----------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """One Prefect server for the commands of this module."""
    from prefect.settings import PREFECT_API_URL
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        url = PREFECT_API_URL.value()
        assert url is not None
        yield url


@pytest.mark.slow
def test_a_first_run_with_an_empty_home_publishes_through_the_gate(followthrough, home):
    with fast_folder() as data:
        write_world(data)
        told = followthrough("run", "--data", data)
        assert (told.returncode, told.stderr) == (ExitCode.OK, "")
        current = current_release_id(data / "warehouse")
        assert told.stdout.splitlines() == [
            "files: 3 new, 3 in force",
            "rows read: 15 = 15 accepted + 0 refused + 0 superseded + 0 ignored",
            f"release: {current} (new), as of 2026-03-31",
            f"analysts:   {data / 'warehouse/analyst.duckdb'}",
            f"dashboards: {data / 'warehouse/dashboard.duckdb'}",
        ]
        assert json.loads((data / "warehouse/current/gate.json").read_text())["passed"] is True
    assert list(home.iterdir()) == []  # nothing of ours or of our tools is left in a home


@pytest.mark.slow
def test_a_run_without_news_says_so(followthrough, data, server):
    before = current_release_id(data / "warehouse")
    told = followthrough("run", "--data", data, "--json", server=server)
    assert (told.returncode, told.stderr) == (ExitCode.OK, "")
    said = json.loads(told.stdout)
    assert (said["files_new"], said["is_new_release"], said["release"]) == (0, False, before)


@pytest.mark.slow
def test_wrong_mappings_and_files_are_told_and_the_rest_is_published(followthrough, data, server):
    (data / "raw/riverside/session/export.csv").write_text(f"{CANARY}\0")
    mapping = data / "raw/riverside/survey/source.toml"
    mapping.write_text(f"colour = 1\n{mapping.read_text()}")
    clinic = tiny_clinic()
    clinic.enrol("P5", start_date="2026-01-05")
    clinic.enrol("P6", start_date=CANARY)
    clinic.write_table(data, "enrolment", clinic.rows["enrolment"])
    told = followthrough("run", "--data", data, server=server)
    assert told.returncode == ExitCode.SOURCE_WRONG  # before 12
    assert f"problem: {mapping}, line 1, key colour: unknown key" in told.stdout
    assert "problem: riverside/session/export.csv: " in told.stdout
    assert "1 refused" in told.stdout, told.stdout
    assert "(new)" in told.stdout
    check_plain(told)


@pytest.mark.slow
def test_a_wrong_policy_stops_the_run_with_11(followthrough, data, server):
    (data / "policy.toml").write_text("[disclosure]\nthreshhold = 5\n")
    told = followthrough("run", "--data", data, server=server)
    assert told.returncode == ExitCode.SOURCE_WRONG
    assert "policy.toml, line 2, key disclosure.threshhold" in told.stdout
    check_plain(told)


@pytest.mark.slow
def test_a_refused_gate_leaves_with_14_and_the_old_release(followthrough, data, server, tmp_path):
    checks = tmp_path / "checks"
    checks.mkdir()
    header = (
        "-- Whatever is built is wrong.\n-- key: cell\n-- columns:\n--   cell  the offending cell\n"
    )
    (checks / "always.sql").write_text(f"{header}select 'all' as cell\n")
    write_world(data, 4)
    before = look(data / "warehouse/analyst.duckdb")
    strict = f"import flows.steps.gate, pathlib\nflows.steps.gate.CHECKS = pathlib.Path('{checks}')"
    told = followthrough("run", "--data", data, before=strict, server=server)
    assert told.returncode == ExitCode.GATE_REFUSED, told.stdout
    assert "problem: the gate refused the new release; the old one stays in force" in told.stdout
    assert "always" in told.stdout
    assert "(unchanged)" in told.stdout
    assert look(data / "warehouse/analyst.duckdb") == before
    assert list((data / "warehouse/releases").glob(".*")) == []
    check_plain(told)


FAILURES = {
    "OSError(28, 'No space left on device')": (ExitCode.MACHINE, "no space left to write to "),
    "duckdb.IOException('IO Error: Could not write file: No space left on device')": (
        ExitCode.MACHINE,
        "no space left to write to ",
    ),
    f"polars.exceptions.ComputeError('cannot parse {CANARY}')": (
        ExitCode.BUG,
        "bug: ComputeError at ",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("error", FAILURES, ids=["os", "duckdb", "bug"])
def test_failures_inside_a_task_keep_code_and_old_release(followthrough, data, server, error):
    code, message = FAILURES[error]
    write_world(data, 4)
    before = look(data / "warehouse/analyst.duckdb")
    broken = f"import duckdb, polars, flows.steps.release as r\ndef build(_): raise {error}\nr.build = build"
    told = followthrough("run", "--data", data, before=broken, server=server)
    assert told.returncode == code
    assert f"problem: {message}" in told.stdout
    assert look(data / "warehouse/analyst.duckdb") == before
    check_plain(told)


@pytest.mark.slow
def test_the_halves_of_a_run(followthrough, data, server):
    write_world(data, 4)
    before = current_release_id(data / "warehouse")
    told = followthrough("ingest", "--data", data, server=server)
    assert told.returncode == ExitCode.OK
    assert "files: 1 new, 3 in force" in told.stdout
    assert current_release_id(data / "warehouse") == before
    told = followthrough("build", "--data", data, server=server)
    assert told.returncode == ExitCode.OK
    assert look(data / "warehouse/analyst.duckdb")[2] == 4
    check_plain(told)


def check_plain(told: subprocess.CompletedProcess[str]) -> None:
    """One line for each problem: no traceback, no log of the orchestrator, no value of a patient."""
    assert told.stderr == ""
    assert "Traceback" not in told.stdout
    assert CANARY not in told.stdout
