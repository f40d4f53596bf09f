"""Networks that have nothing to say: no sessions, no answers, one answer each; the marts are there and quiet."""

from datetime import date
from pathlib import Path

import pytest

from tests.exports import Clinic, read, run

MARTS = ("mart_acute", "mart_dose_response", "mart_evidence_pool", "mart_standardised")


@pytest.mark.parametrize("told", ["enrolments", "sessions", "baselines"])
def test_nothing_to_say_is_no_error(told: str, tmp_path: Path) -> None:
    clinic = Clinic("north", date(2026, 5, 3))
    for person in ("p1", "p2"):
        clinic.enrol(person, start_date="2026-01-12")
        if told == "sessions":
            clinic.log(person, "2026-01-13 18:00")
        if told == "baselines":
            clinic.ask(person, "2026-01-11 09:00", nrs=5)
    clinic.write(tmp_path)
    with run(tmp_path) as connection:
        for mart in MARTS:
            assert read(connection, f"select * from marts.{mart}") == [], mart
        votes = read(connection, "select source, k_units from marts.mart_evidence_vote")
    assert votes == [{"source": "published_reference", "k_units": 11}]
