"""A corrected export beside the old one: the record is recognised by its key, and its problem closes though the old file stays."""

from pathlib import Path

import pytest

from flows.steps.pipeline import build_release, ingest_all
from tests.e2e.test_fixlist import DAY, JUNE, MAY, ill_clinic, states
from tests.exports import Clinic
from tests.tiny_world import fast_folder


@pytest.fixture
def data():
    with fast_folder() as folder:
        write_dated(folder, ill_clinic(), "2026-05-29")
        yield folder


def write_dated(data: Path, clinic: Clinic, day: str) -> None:
    """The clinic's exports, of which those of sessions bear the day of their making in their name."""
    sessions = clinic.rows.pop("session")
    clinic.write(data)
    clinic.write_table(data, "session", sessions, name=day)
    mapping = data / "raw/riverside/session/source.toml"
    mapping.write_text(mapping.read_text().replace('"fixed:2026-03-31"', '"name:%Y-%m-%d"'))


def correction(**row: object) -> Clinic:
    clinic = ill_clinic()
    clinic.rows["session"] = [
        {
            "participant_id": "P2",
            "started_at": "2026-01-07 10:00",
            "minutes": 20,
            "status": "completed",
        }
        | row
    ]
    return clinic


@pytest.mark.parametrize("session_id", ["s11", None], ids=["by id", "by person and start"])
def test_a_record_sent_again_in_a_newer_export_closes_its_problem(data, session_id):
    if session_id is None:  # a source without ids
        clinic = ill_clinic()
        for row in clinic.rows["session"]:
            row.pop("session_id", None)
        write_dated(data, clinic, "2026-05-29")
    ingest_all(data)
    build_release(data, now=MAY, with_gate=False)
    assert states(data)["not_a_number"] == "new"
    write_dated(data, correction(session_id=session_id), "2026-05-30")
    ingest_all(data)
    build_release(data, now=JUNE, with_gate=False)
    assert states(data)["not_a_number"] == "fixed"
    assert states(data)["unknown_code"] == "persisting"


def test_another_record_closes_nothing(data):
    write_dated(data, correction(session_id="s99", started_at="2026-01-07 15:00"), "2026-05-30")
    ingest_all(data)
    build_release(data, now=MAY, with_gate=False)
    assert states(data, DAY)["not_a_number"] == "new"
