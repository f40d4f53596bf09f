"""Clinics drawn for the attacks of a reviewer (clinical.md 6): every attack has one of its own."""

from datetime import date, timedelta
from itertools import product
from pathlib import Path

import duckdb

from tests.exports import Clinic, Row, read

START = date(2026, 1, 5)
Warehouse = duckdb.DuckDBPyConnection


def day(number: int) -> str:
    """Programme day 1 is the start of every programme here."""
    return (START + timedelta(days=number - 1)).isoformat()


def cell(warehouse: Warehouse, mart: str, clinic: str, more: str = "", **columns: str) -> Row:
    """The one row of a clinic's own cell."""
    named = {
        "level": "all",
        "condition": "all",
        "duration_band": "all",
        "modality": "all",
        "arm": "all",
        "setting": "all",
    }
    where = " and ".join(f"{name} = '{value}'" for name, value in (named | columns).items())
    (row,) = read(
        warehouse, f"select * from marts.{mart} where {where} and clinic_id = '{clinic}' {more}"
    )
    return row


def immortal() -> Clinic:
    """Two thousand people with the same pain throughout; who stops when has nothing to do with the plan."""
    clinic = Clinic("immortal", START + timedelta(days=130))
    kinds = product((4, 8, 16), (0.25, 0.5, 0.75, 1.0), range(166))
    for number, (weeks, share, _) in enumerate(kinds):
        person = clinic.enrol(
            f"p{number}", start_date=day(1), duration_weeks=weeks, sessions_per_week=1
        )
        for week in range(round(weeks * share)):
            clinic.log(person, f"{day(7 * week + 1)} 09:{number % 60:02}")
        if number % 8 == 0:
            for when in (-1, 29):
                clinic.ask(person, f"{day(when)} 18:00", nrs=5)
    return clinic


def denominators() -> Clinic:
    """One perfect, one who never began, one on day 17 of a programme of four weeks with 5 of 6 done."""
    clinic = Clinic("denominators", START + timedelta(days=60))
    full = [7 * week + offset for week in range(4) for offset in (1, 3, 5)]
    for number in full:
        clinic.log("perfect", f"{day(number)} 09:00")
    for number in (45, 47, 49, 52, 54, 59, 60):
        clinic.log("running", f"{day(number)} 09:00")
    clinic.enrol("perfect", start_date=day(1))
    clinic.enrol("never", start_date=day(1))
    clinic.enrol("running", start_date=day(45), enrolment_id="running")
    return clinic


def nights(name: str, style: str) -> Clinic:
    """Sessions around midnight and in the night of the clock change, as wall clocks or in UTC."""
    clinic = Clinic(name, date(2026, 4, 10), "America/Los_Angeles")
    clinic.enrol("night", start_date="2026-03-07", duration_weeks=1, sessions_per_week=7)
    written = {
        "wall": [
            ("2026-03-07 23:30", "2026-03-07 23:50"),
            ("2026-03-08 01:50", "2026-03-08 03:10"),
        ],
        "utc": [
            ("2026-03-08T07:30:00Z", "2026-03-08T07:50:00Z"),
            ("2026-03-08T09:50:00Z", "2026-03-08T10:10:00Z"),
        ],
    }
    for started, ended in written[style]:
        clinic.log("night", started, ended_at=ended, minutes="")
    return clinic


def duplicates(name: str, copies: int) -> Clinic:
    """Four weeks, two of three sessions done; exported as often as told, the last time split by day."""
    clinic = Clinic(name, START + timedelta(days=60))
    clinic.enrol("one", start_date=day(1))
    for week, offset in product(range(4), (1, 3)):
        clinic.log("one", f"{day(7 * week + offset)} 09:00")
    for when, score in ((-1, 6), (29, 3)):
        clinic.ask("one", f"{day(when)} 09:00", nrs=score)
    if copies > 1:
        clinic.ask("one", f"{day(29)} 09:02", nrs=4)
    return clinic


def write_copies(clinic: Clinic, data: Path) -> None:
    """The whole export again under another name, and each day once more in a file of its own."""
    sessions = clinic.rows["session"]
    clinic.write_table(data, "session", sessions, "again")
    for number, row in enumerate(sessions):
        clinic.write_table(data, "session", [row], f"day-{number}")


def survivors() -> Clinic:
    """Half stop after the first week, the others are perfect."""
    clinic = Clinic("survivors", START + timedelta(days=60))
    for number in range(8):
        person = clinic.enrol(f"p{number}", start_date=day(1))
        for week, offset in product(range(4 if number < 4 else 1), (1, 3, 5)):
            clinic.log(person, f"{day(7 * week + offset)} 09:00")
    return clinic


def restarts() -> Clinic:
    """One person enrolled twice, in two bands; the second programme begins while the first was to last."""
    clinic = Clinic("restarts", START + timedelta(days=120))
    clinic.enrol(
        "twice",
        start_date=day(1),
        duration_weeks=8,
        status="stopped_by_participant",
        status_date=day(20),
    )
    clinic.enrol("twice", start_date=day(22), duration_weeks=4, status="", status_date="")
    for number in (1, 3, 5, 8, 22, 24, 26, 29, 31, 60):
        clinic.log("twice", f"{day(number)} 09:00")
    for when, score in ((-1, 6), (21, 4), (50, 3)):
        clinic.ask("twice", f"{day(when)} 18:00", nrs=score)
    return clinic
