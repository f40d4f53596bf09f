"""`followthrough score FILE.json`, as a process of its own, on every published vector."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from schemas.instrument import read_instruments
from tests.value_sets import PUBLISHED, write_published

SHARED = Path(os.environ.get("FOLLOWTHROUGH_SHARED", Path(__file__).parents[3] / "shared"))
FILE = SHARED / "vectors" / "scoring.json"
# Not wall time: on a machine with neighbours it measures them. Alone, the command takes a second.
CPU_SECONDS = 3.0


def score(path: Path, data: Path) -> tuple[subprocess.CompletedProcess[str], float]:
    """What the command came to, and the processor time that it took."""
    command = [str(Path(sys.executable).with_name("followthrough")), "score", str(path)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*command, "--data", str(data)], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder in which every licence is accepted and two value sets stand."""
    stated = 'accepted_by = "a test"\ndate = 2026-01-01\nreference = "none"\n'
    licences = "".join(f"[{name}]\n{stated}" for name, _ in read_instruments())
    (tmp_path / "licences.toml").write_text(licences, encoding="utf-8")
    for name in PUBLISHED:
        write_published(tmp_path / "value_sets", name)
    return tmp_path


def differences(vector: dict[str, Any], told: dict[str, Any]) -> list[str]:
    """Nothing, or how the command tells a vector differently."""
    if "expected_error" in vector:
        expected = {"id": vector["id"], "error": vector["expected_error"]}
        return [] if told == expected else [f"{vector['id']}: {told}"]
    expected = {
        name: pytest.approx(value, abs=vector["tolerance"], rel=0)
        if isinstance(value, int | float)
        else value
        for name, value in vector["expected"].items()
    }
    if vector["options"].get("value_set", "England") not in PUBLISHED:
        expected["index"] = None
    found = told.get("scores")
    return [] if found == expected else [f"{vector['id']}: {found}, expected {expected}"]


@pytest.mark.shared_data
def test_all_published_vectors_to_their_tolerance(data: Path) -> None:
    if not FILE.exists():
        pytest.skip("no shared data")
    vectors = json.loads(FILE.read_text(encoding="utf-8"))["vectors"]
    done, seconds = score(FILE, data)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert [one["id"] for one in told] == [vector["id"] for vector in vectors]
    pairs = zip(vectors, told, strict=True)
    assert [line for vector, one in pairs for line in differences(vector, one)] == []
    assert seconds < CPU_SECONDS


def test_a_file_that_is_no_list_of_requests_is_a_usage_error(tmp_path: Path) -> None:
    for name, text in {"words.json": "hello", "number.json": "1"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        done, _ = score(tmp_path / name, tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert name in done.stderr and "Traceback" not in done.stderr


def test_a_wrong_questionnaire_of_the_user_is_named(tmp_path: Path) -> None:
    (tmp_path / "instruments").mkdir()
    (tmp_path / "instruments/mine.toml").write_text('id = "mine"\n', encoding="utf-8")
    (tmp_path / "requests.json").write_text("[]", encoding="utf-8")
    done, _ = score(tmp_path / "requests.json", tmp_path)
    assert done.returncode == 11
    assert "mine.toml: items: give each item once" in done.stderr
