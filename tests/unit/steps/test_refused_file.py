"""Files refused whole: when, what is told, what stands meanwhile, and how they heal."""

from pathlib import Path

import pytest

from flows.steps.ledger import Ledger, read_ledger
from flows.steps.pipeline import build_release, ingest_all
from flows.steps.refused_file import is_above_ceiling
from schemas.errors import ExitCode
from schemas.policy import read_policy
from tests.tiny_world import tiny_clinic

N = 20


@pytest.mark.parametrize(
    ("read", "ignored", "refused", "is_refused"),
    [
        (40, 0, 20, False),
        (40, 0, 21, True),
        (50, 10, 21, True),
        (19, 0, 19, False),
        (20, 0, 20, True),
        (0, 0, 0, False),
    ],
)
def test_more_than_half_of_enough_rows_is_too_many(read, ignored, refused, is_refused):
    receipt = {"rows_read": read, "rows_ignored": ignored, "rows_refused": refused}
    assert is_above_ceiling(receipt, read_policy()) == is_refused


def write_sessions(data: Path, minutes: str) -> None:
    """The tiny world with a whole file of such minutes."""
    clinic = tiny_clinic(N)
    for row in clinic.rows["session"]:
        row["minutes"] = minutes
    clinic.write(data)


def sessions(ledger: Ledger) -> list[int]:
    """Rows in force of each session file."""
    return [file["rows_landed"] for file in ledger.files if file["table"] == "session"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A good export was taken in, then a bad one came in its place."""
    write_sessions(tmp_path, "20")
    assert ingest_all(tmp_path).problems == []
    write_sessions(tmp_path, "ten")
    return tmp_path


def test_the_file_is_told_and_its_earlier_version_stands(data):
    before = read_ledger(data / "warehouse").files
    ledger = ingest_all(data)
    (problem,) = ledger.problems
    assert problem.exit_code == ExitCode.REFUSED_ABOVE_CEILING
    assert problem.message.startswith(
        "riverside/session/export.csv: too many rows are refused, 20 of 20 rows: "
        "20 not_a_number in 'minutes'; the ceiling is 50 %"
    )
    assert ledger.files == before
    assert [set(file["landed"]) for file in ledger.refused] == [{"refused", "refused_record"}]


def test_it_is_read_once_and_told_at_every_run(data, monkeypatch):
    first = ingest_all(data)
    assert build_release(data, with_gate=False).release_id is not None
    monkeypatch.setattr("flows.steps.intake.ingest_file", None)
    assert ingest_all(data) == first


def test_mended_it_stands_and_nothing_is_left(data):
    ingest_all(data)
    write_sessions(data, "25")
    ledger = ingest_all(data)
    assert (ledger.problems, ledger.refused, sessions(ledger)) == ([], [], [N])


def test_a_file_without_an_earlier_version_brings_nothing(tmp_path):
    write_sessions(tmp_path, "ten")
    ledger = ingest_all(tmp_path)
    assert sessions(ledger) == []
    assert len(ledger.refused) == 1
    parquet = [path.parts[-4] for path in (tmp_path / "warehouse").rglob("*.parquet")]
    assert "session" not in parquet


def test_a_moved_ceiling_is_asked_again(data):
    ingest_all(data)
    (data / "policy.toml").write_text("[refused]\nceiling = 1\n")
    ledger = ingest_all(data)
    assert (ledger.problems, ledger.refused, sessions(ledger)) == ([], [], [0])
    (data / "policy.toml").unlink()
    assert [p.exit_code for p in ingest_all(data).problems] == [ExitCode.REFUSED_ABOVE_CEILING]


def test_a_wrong_mapping_meanwhile_changes_nothing(data):
    first = ingest_all(data)
    (data / "raw/riverside/session/source.toml").write_text("clinic =")
    ledger = ingest_all(data)
    assert (ledger.files, ledger.refused) == (first.files, first.refused)
