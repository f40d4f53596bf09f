"""Change within a session: people are counted and not their sessions, and forms around a session find it."""

import math
import random
from datetime import date
from pathlib import Path

import pytest

from tests.exports import Clinic, Row
from tests.spec.evidence_build import EVERYONE, build_mart, land
from tests.variants import change_sql, replacing


def clinic() -> Clinic:
    return Clinic("north", date(2026, 5, 3))


def practise(to: Clinic, person: str, changes: list[float], before: float = 5) -> None:
    """One session a day, each with this improvement."""
    for day, change in enumerate(changes):
        told = {"enrolment_id": f"{person}-a", "pain_pre": before, "pain_post": before - change}
        to.log(person, f"2026-01-{12 + day:02} 18:00", **told)


def enrol(to: Clinic, person: str, **plan: object) -> None:
    to.enrol(person, enrolment_id=f"{person}-a", start_date="2026-01-12", **plan)


def everyone(data: Path, folder: Path) -> Row:
    [row] = build_mart(data, folder, "mart_acute", EVERYONE)
    return row


def test_each_person_is_one_mean_however_many_sessions(tmp_path: Path) -> None:
    world = clinic()
    for number in range(25):
        enrol(world, f"p{number}")
        practise(world, f"p{number}", [0.0] * 19 if number == 0 else [2.0])
    row = everyone(land(tmp_path, world), tmp_path / "b")
    assert (row["n_persons"], row["n_sessions"]) == (25, 43)
    assert row["improve_mean"] == pytest.approx(24 * 2 / 25)
    assert row["change_mean"] == -row["improve_mean"]


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 people of 15 sessions each; about a third of the variance lies between people."""
    world, dice = clinic(), random.Random(15)
    for number in range(30):
        enrol(world, f"p{number}")
        own = dice.gauss(1, 0.7)
        practise(world, f"p{number}", [round(own + dice.gauss(0, 1), 1) for _ in range(15)])
    return land(tmp_path_factory.mktemp("alike"), world)


def test_the_interval_is_not_that_of_independent_sessions(alike: Path, tmp_path: Path) -> None:
    """Attack 15. Taking the 450 sessions for independent would make the interval far too narrow."""
    row = everyone(alike, tmp_path)
    assert 0.15 < row["icc"] < 0.55
    within = row["improve_sd"] ** 2 * (1 - row["icc"]) / row["icc"]
    naive = 1.96 * math.sqrt((row["improve_sd"] ** 2 + within) / row["n_sessions"])
    assert (row["improve_ci_hi"] - row["improve_ci_lo"]) / 2 > 1.5 * naive
    assert row["mixed_improve_mean"] == pytest.approx(row["improve_mean"])  # equally many sessions
    assert row["p_wilcoxon"] < 0.05 and row["hl_ci_lo"] < row["hl_median"] < row["hl_ci_hi"]


def test_a_person_of_two_programmes_is_one_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack 15; counting enrolments as people would make it two."""
    world = clinic()
    for number in range(20):
        enrol(world, f"p{number}")
        practise(world, f"p{number}", [1.0 + number % 3])
    world.enrol("p0", enrolment_id="p0-b", start_date="2026-03-02", duration_weeks=8)
    world.log("p0", "2026-03-02 18:00", enrolment_id="p0-b", pain_pre=5, pain_post=1)
    data = land(tmp_path, world)
    row = everyone(data, tmp_path / "right")
    assert (row["n_persons"], row["n_sessions"]) == (20, 21)
    assert row["improve_mean"] == pytest.approx((2.5 + sum(1 + n % 3 for n in range(1, 20))) / 20)
    wrong = replacing("coalesce(p.person_no, b.enrolment_no)", "b.enrolment_no")
    change_sql(monkeypatch, tmp_path, "staging/outcome_stratum", wrong)
    assert everyone(data, tmp_path / "wrong")["n_persons"] == 21


def test_few_people_get_no_p(tmp_path: Path) -> None:
    world = clinic()
    for number in range(39):
        plan = {"condition_code": "neck_pain" if number < 20 else "knee_oa"}
        enrol(world, f"p{number}", **plan)
        change, before = (0.5, 0.5) if number == 0 else (1.0 + number % 2, 5)
        practise(world, f"p{number}", [change], before)
    rows = build_mart(
        land(tmp_path, world), tmp_path / "b", "mart_acute",
        "level = 'condition' and duration_band = 'w4' and modality = 'all' and arm = 'all'"
        " and setting = 'all' and clinic_id = 'all'",
    )  # fmt: skip
    by_condition = {row["condition"]: row for row in rows}
    few, enough = by_condition["knee_oa"], by_condition["neck_pain"]
    assert (few["n_persons"], few["p_wilcoxon"], few["p_holm"], few["family_m"]) == (
        19,
        None,
        None,
        None,
    )
    assert few["improve_ci_lo"] is not None
    assert (enough["n_persons"], enough["family_m"]) == (20, 1)
    assert enough["p_holm"] == enough["p_wilcoxon"]
    # The session that began at half a point had no room to improve by one.
    assert (enough["n_persons_room"], few["n_persons_room"]) == (19, 19)
    assert enough["improve_mean"] == pytest.approx(29.5 / 20)


def test_forms_find_the_session_around_which_they_were_answered(tmp_path: Path) -> None:
    world = clinic()
    enrol(world, "p1")
    world.log("p1", "2026-01-13 18:00", enrolment_id="p1-a", minutes=20)
    for when, phase, value in (
        ("2026-01-13 09:00", "pre", 9), ("2026-01-13 17:50", "pre", 7), ("2026-01-13 18:10", "post", 1),
        ("2026-01-13 18:45", "post", 4), ("2026-01-13 22:00", "post", 2), ("2026-01-14 18:30", "post", 0),
    ):  # fmt: skip
        world.ask("p1", when, enrolment_id="p1-a", session_phase=phase, nrs=value)
    [row] = build_mart(land(tmp_path, world), tmp_path / "b", "mart_acute", EVERYONE)
    assert (row["instrument"], row["n_sessions"], row["improve_mean"]) == ("nrs_pain", 1, 3)
    assert row["change_mean"] == -3


def test_a_single_session_has_its_baseline_before_it(tmp_path: Path) -> None:
    world = clinic()
    enrol(world, "p1", plan_type="single_session", duration_weeks="", sessions_per_week="")
    world.ask("p1", "2026-01-05 09:00", enrolment_id="p1-a", nrs=8)
    world.log("p1", "2026-01-13 18:00", enrolment_id="p1-a", minutes=20)
    world.ask("p1", "2026-01-13 19:00", enrolment_id="p1-a", nrs=5)
    world.ask("p1", "2026-01-19 09:00", enrolment_id="p1-a", nrs=1)
    [row] = build_mart(land(tmp_path, world), tmp_path / "b", "mart_acute", EVERYONE)
    assert (row["n_sessions"], row["improve_mean"]) == (1, 3)
