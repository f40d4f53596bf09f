"""Which score stands for which visit: windows, ties, baseline, labels (clinical.md 4.1)."""

from datetime import datetime, time, timedelta

import pytest
from outcome_world import START, World


def windows(**plan: object) -> dict[str, tuple[int, int, int]]:
    world = World()
    world.enrol(**plan)
    world.build()
    found = world.rows("select visit, awlo, awtarget, awhi from staging.outcome_window")
    return {visit: tuple(days) for visit, *days in found}


@pytest.mark.parametrize(
    ("plan", "visits"),
    [
        ({"single": True}, {"BASELINE", "FU1W", "WK26"}),
        ({"weeks": 2}, {"BASELINE", "WK4", "WK26", "EOP"}),
        ({"weeks": 4}, {"BASELINE", "WK2", "WK4", "WK26", "EOP"}),
        ({"weeks": 8}, {"BASELINE", "WK2", "WK4", "WK8", "WK12", "WK26", "EOP"}),
        ({"weeks": None}, {"BASELINE", "WK2", "WK4", "WK8", "WK12", "WK26"}),
    ],
)
def test_a_plan_has_the_windows_of_its_length(plan: dict[str, object], visits: set[str]) -> None:
    assert set(windows(**plan)) == visits


@pytest.mark.parametrize(
    ("weeks", "expected"),
    [(1, (4, 8, 10)), (4, (24, 29, 35)), (12, (72, 85, 105)), (20, (119, 141, 175))],
)
def test_the_end_of_programme_window_follows_the_prescribed_weeks(
    weeks: int, expected: tuple[int, int, int]
) -> None:
    assert windows(weeks=weeks)["EOP"] == expected


def test_the_nearest_to_target_serves_and_a_tie_goes_to_the_later() -> None:
    world = World()
    world.enrol()
    world.answer(6, 26)
    world.answer(5, 28)
    world.answer(4, 30)
    world.build()
    assert world.outcome("WK4", "aval, ady") == (4, 30)
    assert world.outcome("EOP", "aval, ady") == (4, 30)  # one assessment may serve both


def test_on_one_day_completed_goes_before_amended_and_then_the_later_instant() -> None:
    world = World()
    world.enrol()
    noon = datetime(2026, 3, 30, 12)
    world.answer(6, 29, at=noon)
    world.answer(5, 29, at=noon + timedelta(minutes=2))
    world.answer(4, 29, at=noon + timedelta(minutes=4), status="amended")
    world.build()
    assert world.outcome("WK4", "aval") == (5,)


def test_a_week_2_form_is_not_the_end_of_a_4_week_programme() -> None:
    world = World()
    world.enrol()
    world.answer(7, -1)
    world.answer(6, 15)
    world.build()
    assert world.outcome("EOP", "aval, is_due") == (None, True)


def test_every_candidate_says_why_it_does_not_serve() -> None:
    world = World()
    enrolment = world.enrol()
    world.practise(enrolment, 1, at=datetime(2026, 3, 2, 8))
    world.answer(7, 1, at=datetime(2026, 3, 2, 9))
    world.answer(7, 4)
    world.answer(None, 29)
    world.answer(6, 29, status="in-progress")
    world.answer(6, 28)
    world.answer(5, 27)
    world.build()
    reasons = world.rows(
        "select response_no, reason_not_selected from staging.outcome_candidate"
        " where visit is distinct from 'EOP' order by response_no"
    )
    assert reasons == [
        (1, "after_first_session"), (2, "no_window"), (3, "no_valid_score"), (4, "not_completed"),
        (5, None), (6, "other_serves"),
    ]  # fmt: skip


def test_the_baseline_is_the_last_before_the_first_session() -> None:
    world = World()
    enrolment = world.enrol()
    world.practise(enrolment, 1, at=datetime(2026, 3, 2, 8, 30))
    world.answer(5, -20)
    world.answer(7, -3, label="SCREENING")
    world.answer(9, 1, at=datetime(2026, 3, 2, 9), label="BASELINE")  # the label never decides
    world.build()
    assert world.outcome("BASELINE", "aval, ady, base") == (7, -3, 7)


@pytest.mark.parametrize(
    ("answered", "practised", "has_baseline"),
    [
        (datetime(2026, 3, 2, 9), datetime(2026, 3, 2, 8, 30), False),
        (datetime(2026, 3, 2, 9), datetime(2026, 3, 2, 9), True),
        (datetime(2026, 3, 2, 9), datetime(2026, 3, 2, 9, 30), True),
        (None, datetime(2026, 3, 2, 8, 30), True),
        (datetime(2026, 3, 2, 9), None, True),
    ],
)
def test_on_the_first_day_the_instants_decide_where_both_are_known(
    answered: datetime | None, practised: datetime | None, has_baseline: bool
) -> None:
    world = World()
    enrolment = world.enrol()
    world.practise(enrolment, 1, at=practised)
    world.answer(7, 1, at=answered)
    world.build()
    assert world.outcome("BASELINE", "aval") == ((7,) if has_baseline else (None,))


def test_practice_before_day_1_and_a_skipped_session_spoil_no_baseline() -> None:
    world = World()
    morning, noon = (datetime.combine(START, time(hour)) for hour in (8, 12))
    world.practise(world.enrol("early"), -4, person="early")
    world.practise(world.enrol("skipped"), 1, person="skipped", status="skipped", at=morning)
    world.practise(world.enrol("done"), 1, person="done", at=morning)
    world.answer(7, -2, person="early")
    world.answer(7, 1, person="skipped", at=noon)
    world.answer(7, 1, person="done", at=noon)
    world.build()
    assert world.outcome("BASELINE", "aval", 1) == (7,)
    assert world.outcome("BASELINE", "aval", 2) == (7,)
    assert world.outcome("BASELINE", "aval", 3) == (None,)


def test_one_baseline_serves_one_enrolment_of_a_person() -> None:
    world = World()
    world.enrol(weeks=2)
    world.enrol(start=START + timedelta(days=21))
    world.answer(7, -1)
    world.build()
    assert world.outcome("BASELINE", "aval", 1) == (7,)
    assert world.outcome("BASELINE", "aval", 2) == (None,)


def test_a_response_that_names_its_enrolment_speaks_for_no_other() -> None:
    world = World()
    world.enrol(weeks=2)
    world.enrol(start=START + timedelta(days=21))
    world.answer(7, 20, enrolment_id="e2")
    world.build()
    assert world.rows("select enrolment_no, ady from staging.response_match") == [(2, -2)]


def test_one_month_of_recall_cannot_describe_the_end_of_a_short_programme() -> None:
    world = World()
    world.instrument("pss10", top=40, recall=30)
    for person, weeks in (("short", 3), ("long", 4)):
        world.enrol(person, weeks=weeks)
        world.answer(20, -1, person=person, instrument="pss10")
        world.answer(15, 7 * weeks, person=person, instrument="pss10")
    world.build()
    assert world.outcome("EOP", "aval", 1, "pss10") is None
    assert world.outcome("EOP", "aval, recall_overlap", 2, "pss10") == (15, True)


def test_a_score_of_change_has_no_baseline() -> None:
    world = World()
    world.instrument("pgic", top=7, domain=["global_change"], direction="higher_better")
    world.enrol()
    world.answer(4, -1, instrument="pgic")
    world.answer(6, 29, instrument="pgic")
    world.build()
    assert world.outcome("BASELINE", "aval", instrument="pgic") is None
    assert world.outcome("EOP", "aval, base", instrument="pgic") == (6, None)
    assert world.cell("EOP", "n_pair, completeness_pct", instrument="pgic") == (0, 100)


def test_labels_decide_where_the_programme_has_no_start_date() -> None:
    world = World()
    world.enrol(weeks=None, start=None)
    world.answer(12, label="BASELINE")
    world.answer(8, label="EOP")
    world.answer(9, label="CHECK_IN")
    world.answer(10, label="CHECK_IN", line=2)  # an earlier line: the later one stands
    world.build()
    assert world.outcome("EOP", "aval, improve, visit_basis, ady, is_due") == (
        8, 4, "label", None, True,
    )  # fmt: skip
    assert world.outcome("CHECK_IN", "aval") == (9,)


def test_a_label_speaks_for_no_one_where_a_person_has_two_enrolments() -> None:
    world = World()
    world.enrol(start=None)
    world.enrol(start=None)
    world.answer(12, label="BASELINE")
    world.answer(11, label="EOP", enrolment_id="e2")
    world.build()
    assert world.rows("select response_no, enrolment_no from staging.response_match") == [(2, 2)]


def test_a_labelled_baseline_after_a_session_is_none() -> None:
    world = World()
    enrolment = world.enrol(start=None)
    world.practise(enrolment, 3)
    world.answer(12, 5, label="BASELINE")
    world.answer(8, 30, label="EOP")
    world.build()
    assert world.outcome("BASELINE", "aval") == (None,)
    assert world.outcome("EOP", "aval, base") == (8, None)


def test_what_happens_after_the_as_of_date_changes_nothing() -> None:
    world = World(as_of=START + timedelta(days=27))
    world.enrol()
    world.enrol("later", start=START + timedelta(days=40))
    world.answer(7, -1)
    world.answer(4, 29)
    world.build()
    assert world.outcome("WK4", "aval") is None
    assert world.cell("BASELINE", "n_enrolled, n_due, n_visit") == (1, 1, 1)
