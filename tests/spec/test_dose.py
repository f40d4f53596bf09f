"""Dose is what was done before the assessment: a landmark that nothing later can move (attack 1)."""

import random
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from tests.exports import Clinic, Row
from tests.spec.evidence_build import EVERYONE, build_mart, land
from tests.variants import change_sql, replacing

START = date(2026, 1, 12)


def on(day: int, hour: int = 18) -> str:
    """Programme day 1 is the start."""
    at = datetime(START.year, START.month, START.day, hour) + timedelta(days=day - 1)
    return at.strftime("%Y-%m-%d %H:%M")


def draw(assessed_on: int = 26) -> Clinic:
    """40 people, each with sessions of their own number; more sessions, by chance more change."""
    clinic, dice = Clinic("north", date(2026, 5, 3)), random.Random(1)
    for number in range(40):
        key = f"p{number:02}"
        clinic.enrol(
            key, start_date=START.isoformat(), age=40 + number % 7, enrolment_id=f"{key}-a"
        )
        n_sessions = dice.randrange(1, 12)
        for n in range(n_sessions):
            clinic.log(key, on(1 + 2 * n), enrolment_id=f"{key}-a")
        base = dice.randrange(5, 11)
        clinic.ask(key, on(-1, 9), enrolment_id=f"{key}-a", nrs=base)
        after = max(0, base - n_sessions // 3 - dice.randrange(0, 3))
        clinic.ask(key, on(assessed_on, 9), enrolment_id=f"{key}-a", nrs=after)
    return clinic


def with_later_sessions(clinic: Clinic) -> Clinic:
    """Half of the people went on: on the day of the assessment and after it, still inside the plan."""
    for number in range(0, 40, 2):
        for day in (26, 27, 28):
            clinic.log(f"p{number:02}", on(day), enrolment_id=f"p{number:02}-a")
    return clinic


def everyone(data: Path, folder: Path) -> dict[str, Row]:
    rows = build_mart(data, folder, "mart_dose_response", EVERYONE)
    return {row["dose"]: row for row in rows}


def test_later_sessions_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = land(tmp_path / "plain", draw())
    later = land(tmp_path / "later", with_later_sessions(draw()), keys_of=plain)
    right = everyone(plain, tmp_path / "a")
    assert everyone(later, tmp_path / "b") == right
    assert right["minutes"]["n_persons"] == right["adherence"]["n_persons"] == 40
    assert right["minutes"]["rho"] > 0.2 and right["minutes"]["rho_ci_lo"] < right["minutes"]["rho"]
    # The wrong variant: the dose of the whole programme beside a change in the middle of it.
    whole = replacing("w.programme_week <= l.whole_weeks", "w.programme_week <= 1000")
    change_sql(monkeypatch, tmp_path, "staging/dose_landmark", whole)
    wrong = everyone(later, tmp_path / "c")
    assert wrong["minutes"]["rho"] != right["minutes"]["rho"]
    assert wrong["adherence"]["dose_median"] != right["adherence"]["dose_median"]


def test_sessions_of_the_day_itself_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = land(tmp_path / "plain", draw())
    same = draw()
    for number in range(40):
        same.log(f"p{number:02}", on(26), enrolment_id=f"p{number:02}-a", minutes=30 + number)
    data = land(tmp_path / "same", same, keys_of=plain)
    assert everyone(data, tmp_path / "a") == everyone(plain, tmp_path / "b")
    change_sql(
        monkeypatch, tmp_path, "staging/dose_landmark", replacing("s.ady < l.ady", "s.ady <= l.ady")
    )
    assert everyone(data, tmp_path / "c") != everyone(plain, tmp_path / "d")


def test_slope_per_hour_beside_baseline_and_age(tmp_path: Path) -> None:
    row = everyone(land(tmp_path, draw()), tmp_path / "a")["minutes"]
    assert (row["slope_step"], row["n_model"]) == (60, 40)
    assert row["slope_ci_lo"] < row["slope"] < row["slope_ci_hi"]
    # Three sessions of twenty minutes are one hour and, as drawn, about one point.
    assert row["slope"] == pytest.approx(1, abs=0.4)


def test_unknown_lengths_are_not_few_minutes(tmp_path: Path) -> None:
    clinic = draw()
    for row in clinic.rows["session"]:
        if row["participant_id"] == "p00":
            row["minutes"] = ""
    found = everyone(land(tmp_path, clinic), tmp_path / "a")
    assert (found["minutes"]["n_pair"], found["minutes"]["n_persons"]) == (40, 39)
    assert found["adherence"]["n_persons"] == 40


def test_without_any_session_export_there_is_no_dose(tmp_path: Path) -> None:
    clinic = draw()
    clinic.rows["session"] = []
    found = everyone(land(tmp_path, clinic), tmp_path / "a")
    assert (found["minutes"]["n_persons"], found["minutes"]["rho"]) == (0, None)


def test_nineteen_people_get_no_p_and_no_slope(tmp_path: Path) -> None:
    clinic = draw()
    few = {f"p{number:02}" for number in range(19)}
    clinic.rows = {
        t: [r for r in rows if r["participant_id"] in few] for t, rows in clinic.rows.items()
    }
    row = everyone(land(tmp_path, clinic), tmp_path / "a")["minutes"]
    assert (row["n_persons"], row["rho_p"], row["slope"], row["n_model"]) == (19, None, None, 0)
    assert row["rho_ci_lo"] is not None
