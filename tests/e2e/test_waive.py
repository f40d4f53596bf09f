"""Waivers: a known problem is told apart until a day, is counted everywhere, and moves no figure."""

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from flows.steps.fixlist import read_fixlist, to_lines
from flows.steps.pipeline import run_all
from flows.steps.waivers import read_waivers
from schemas.errors import ExitCode
from tests.e2e.test_fixlist import command, ill_clinic, mended
from tests.tiny_world import fast_folder

TODAY = datetime.now(UTC).date()
NEXT_YEAR = TODAY + timedelta(days=365)


@pytest.fixture(scope="module")
def world():
    with fast_folder() as folder:
        ill_clinic().write(folder)
        run_all(folder, with_gate=False)
        yield folder


@pytest.fixture
def data(world):
    with fast_folder() as folder:
        shutil.copytree(world, folder, symlinks=True, dirs_exist_ok=True)
        yield folder


def problem_of(data: Path, rule: str) -> str:
    problems = read_fixlist(data, TODAY).problems
    return str(problems.filter(problems["rule_id"] == rule)["problem_id"].item())


def waive(data: Path, problem: str, *more: object, until: date = NEXT_YEAR):
    told = ("--reason", 'the "old" app\nlost it', "--owner", "Dr. Ø", "--until", until, *more)
    return command("waive", problem, "--data", data, *told)


def states(data: Path, today: date = TODAY) -> dict[str, str]:
    problems = read_fixlist(data, today).problems
    return dict(zip(problems["rule_id"], problems["state"], strict=True))


def test_a_waived_problem_is_told_apart_with_its_end(data):
    name = problem_of(data, "unknown_code")
    told = waive(data, name[:8])
    assert (told.returncode, told.stderr) == (0, "")
    (waiver,) = read_waivers(data)
    assert (waiver.id, waiver.owner, waiver.reason) == (name, "Dr. Ø", 'the "old" app lost it')
    assert states(data)["unknown_code"] == "waived"
    lines = "\n".join(to_lines(read_fixlist(data, TODAY)))
    assert f"waived until {NEXT_YEAR}, row" in lines
    assert "2 new, 0 persisting, 1 waived" in lines
    told = command("status", "--data", data)
    assert "to fix: 2 new, 0 persisting, 1 waived, 0 fixed" in told.stdout
    assert f"waivers: 1 in force, the first ends on {NEXT_YEAR}" in told.stdout
    told = command("waive", "--list", "--data", data, "--json")
    (listed,) = json.loads(told.stdout)
    assert (listed["state"], listed["n_problems"]) == ("active", 1)


def test_a_waiver_moves_no_figure_and_is_in_the_next_manifest(data, tmp_path):
    before = json.loads((data / "warehouse/current/manifest.json").read_text())
    waive(data, problem_of(data, "unknown_code"))
    assert (
        run_all(data, with_gate=False)[1].release_id is None
    )  # nothing that would be built has changed
    clinic = mended("s11")
    clinic.write(data)
    _, built = run_all(data, with_gate=False)
    manifest = json.loads((built.folder / "manifest.json").read_text())
    assert manifest["problems"] == {"new": 0, "persisting": 1, "fixed": 1, "waived": 1}
    with duckdb.connect(str(built.folder / "analyst.duckdb"), read_only=True) as connection:
        query = "select state, waived_until from ops.refused_row where rule_id = 'unknown_code'"
        assert connection.execute(query).fetchall() == [("waived", NEXT_YEAR)]
    (data / "waivers.toml").unlink()
    shutil.copytree(data / "raw", tmp_path / "raw")
    shutil.copytree(data / "keys", tmp_path / "keys")
    _, plain = run_all(tmp_path, with_gate=False)
    without = json.loads((plain.folder / "manifest.json").read_text())
    assert manifest["content_id"] == without["content_id"] != before["content_id"]


@pytest.mark.parametrize(("scope", "waived"), [("rule", 1), ("source", 3)])
def test_a_waiver_can_speak_for_a_rule_or_a_source(data, scope, waived):
    waive(data, problem_of(data, "unknown_code"), "--scope", scope)
    assert read_fixlist(data, TODAY).counts["waived"] == waived


def test_ended_and_dead_waivers_are_shown(data):
    waive(data, problem_of(data, "unknown_code"))
    later = NEXT_YEAR + timedelta(days=1)
    assert states(data, NEXT_YEAR)["unknown_code"] == "waived"
    assert states(data, later)["unknown_code"] == "new"
    assert "EXPIRED" in to_lines(read_fixlist(data, later))[-1]
    path = data / "waivers.toml"
    path.write_text(path.read_text().replace('id = "', 'id = "f00'))
    assert "DEAD" in to_lines(read_fixlist(data, TODAY))[-1]
    assert "matches no open problem" in command("status", "--data", data).stdout
    path.write_text(path.read_text().replace(str(NEXT_YEAR), "2020-01-01"))
    assert "has ended" in command("status", "--data", data).stdout


def test_what_cannot_be_waived_is_told_with_its_code(data):
    name = problem_of(data, "unknown_code")
    unknown = waive(data, "0000")
    assert unknown.returncode == ExitCode.UNKNOWN_NAME
    assert "no open problem '0000'" in unknown.stderr
    assert waive(data, "").returncode == ExitCode.UNKNOWN_NAME
    past = waive(data, name, until=TODAY - timedelta(days=1))
    assert past.returncode == ExitCode.USAGE
    assert "has passed" in past.stderr
    assert waive(data, name, "--scope", "world").returncode == ExitCode.USAGE
    assert command("waive", name, "--data", data).returncode == ExitCode.USAGE
    assert not (data / "waivers.toml").exists()
    assert waive(data, name, until=TODAY).returncode == 0
    told = command("waive", "--list", "--data", data / "nowhere")
    assert (told.returncode, told.stdout) == (0, "no waivers\n")


def test_a_waivers_file_edited_into_something_else_is_told_and_stops_a_run(data):
    path = data / "waivers.toml"
    for text, told in {
        "[[waiver]]\nid = 1": "waivers.toml, entry 1, key id: expected a word",
        "[[waivers]]\n": "waivers.toml, key waivers: unknown key",
        "[[waiver]\n": "waivers.toml: not a TOML file",
    }.items():
        path.write_text(text)
        said = command("fixlist", "--data", data)
        assert said.returncode == ExitCode.SOURCE_WRONG
        assert told in said.stderr
    said = command("status", "--data", data)
    assert said.returncode == ExitCode.UNHEALTHY
    assert "problem: " in said.stdout and "waivers.toml" in said.stdout
