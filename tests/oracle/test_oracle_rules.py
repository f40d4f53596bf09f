"""Identity, plans, matching and adherence of the oracle on hand-made rows, worked out on paper."""

from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from oracle.adherence import adherence
from oracle.builders import AS_OF, POLICY, START, enrolment_of, file_of, row_of
from oracle.cells import cells_of
from oracle.enrolments import as_of_dates, duration_band, enrolments_in_force
from oracle.identity import enrolment_key, records_in_force, session_keys
from oracle.landed import Landed
from oracle.sessions import Session, owner_of, sessions_by_enrolment, silent_days
from oracle.zones import in_home_zone

KINDS = ("row", "offset", "source")


def test_the_newest_export_wins_whatever_arrives_last() -> None:
    files = [file_of("old", day=1), file_of("new", day=5)]
    rows = [row_of("new", session_id="1", minutes=9.0), row_of("old", session_id="1", minutes=5.0)]
    for order in (rows, rows[::-1]):
        [(_, kept)] = records_in_force(order, files, session_keys(order))
        assert kept["minutes"] == 9.0


def test_equal_exports_are_settled_by_the_larger_hash_and_one_file_by_its_first_line() -> None:
    files = [file_of("f1", sha="b"), file_of("f2", sha="c")]
    rows = [row_of("f1", 2, session_id="1"), row_of("f2", 3, session_id="1", minutes=1.0)]
    rows.append(row_of("f2", 9, session_id="1", minutes=2.0))
    [(_, kept)] = records_in_force(rows, files, session_keys(rows))
    assert (kept["file_key"], kept["line"]) == ("f2", 3)


def test_a_snapshot_deletes_by_absence_and_a_delta_does_not() -> None:
    rows = [row_of("f1", session_id="1"), row_of("f2", session_id="2")]
    for mode, left in (("delta", 2), ("snapshot", 1)):
        files = [file_of("f1", 1, mode), file_of("f2", 5, mode)]
        assert len(records_in_force(rows, files, session_keys(rows))) == left


def test_withdrawn_records_are_gone() -> None:
    rows = [row_of("f1", session_id="1", status="entered_in_error")]
    assert records_in_force(rows, [file_of("f1")], session_keys(rows)) == []


def test_equal_bare_dates_in_one_file_are_two_sessions() -> None:
    rows = [row_of("f1", line, local_date=START, minutes=20.0) for line in (2, 3)]
    assert len(records_in_force(rows, [file_of("f1")], session_keys(rows))) == 2


def test_a_later_row_with_effective_from_is_a_new_version_and_does_not_move_the_band() -> None:
    plan: dict[str, Any] = {
        "condition_code": "neck_pain",
        "start_date": START,
        "plan_type": "fixed_term",
    }
    first = row_of(**plan, duration_weeks=4, sessions_per_week=3.0)
    later = START + timedelta(days=14)
    second = row_of(line=3, **plan, duration_weeks=8, sessions_per_week=5.0, effective_from=later)
    landed = Landed({"enrolment": [first, second], "pause": []}, [file_of("f1")])
    assert enrolment_key(first) != enrolment_key(second)
    [one] = enrolments_in_force(landed, POLICY, {"neck_pain": "spine_pain"}, {"c": AS_OF})
    assert (one.band, one.weeks) == ("w4", 4)
    assert [one.version_on(day).per_week for day in (1, 14, 15)] == [3, 3, 5]


@pytest.mark.parametrize(
    ("plan", "weeks", "per_week", "band"),
    [
        ("fixed_term", 1, 1, "single"),
        ("fixed_term", 1, 2, "w1_3"),
        ("fixed_term", 4, 3, "w4"),
        ("fixed_term", 12, 3, "w8_12"),
        ("fixed_term", 13, 3, "w_gt12"),
        ("open_ended", None, 3, "open_ended"),
        ("single_session", None, None, "single"),
    ],
)
def test_duration_bands(plan: str, weeks: int | None, per_week: int | None, band: str) -> None:
    assert duration_band(plan, weeks, None if per_week is None else Fraction(per_week)) == band


def test_sessions_find_their_enrolment() -> None:
    first = enrolment_of(key=("a",), enrolment_id="a")
    second = enrolment_of(key=("b",), enrolment_id="b", start=START + timedelta(days=60))
    both = [first, second]
    days = {-5: first, 3: first, 40: first, 70: second}
    for day, owner in days.items():
        row = row_of(local_date=START + timedelta(days=day - 1))
        assert owner_of(row, both) is owner
    assert owner_of(row_of(local_date=START, enrolment_id="b"), both) is second
    assert owner_of(row_of(local_date=START, enrolment_id="x"), both) is None
    twin = enrolment_of(key=("c",), enrolment_id="c", start=START + timedelta(days=7))
    assert owner_of(row_of(local_date=START + timedelta(days=8)), [first, twin]) is None


def test_a_pause_shortens_the_week_and_a_whole_one_excuses_it() -> None:
    one = enrolment_of(pauses=[(START + timedelta(days=7), START + timedelta(days=16))])
    found = adherence(one, [], POLICY, set())
    assert found["weeks_matured"] == 3
    assert found["expected_to_date"] == 3 + Fraction(3 * 4, 7) + 3


def test_an_export_hole_of_a_large_clinic_is_not_non_adherence() -> None:
    people = [enrolment_of(key=(n,), participant_key=str(n), enrolment_id=None) for n in range(10)]
    logged = [day for day in range(28) if not 6 <= day <= 14]
    rows = [
        row_of(participant_key="0", local_date=START + timedelta(days=d), minutes=20.0)
        for d in logged
    ]
    silent = silent_days(rows, people, 7, 10)["c"]
    assert len(silent) == 9
    assert silent_days(rows, people[1:], 7, 10)["c"] == set()
    done = sessions_by_enrolment(rows, people)[people[0].key]
    assert adherence(people[0], done, POLICY, silent)["weeks_matured"] == 3


def test_a_completed_session_without_minutes_counts_and_a_partial_one_does_not() -> None:
    sessions = [Session(1, None, "completed"), Session(2, None, "partial")]
    assert adherence(enrolment_of(), sessions, POLICY, set())["sessions_to_date"] == 1


def test_silence_of_exactly_g_days_up_to_today_is_a_gap_because_it_can_only_grow() -> None:
    one = enrolment_of(as_of=START + timedelta(days=16))
    for day, event in ((3, 1), (4, 0)):
        found = adherence(one, [Session(day, Fraction(20), "completed")], POLICY, set())
        assert (found["km_time"], found["km_event"]) == (3, event)


def test_local_days_follow_the_row_then_the_home_zone_then_the_source() -> None:
    instant = datetime(2026, 3, 8, 7, 30)
    row = row_of(started_at=instant, local_date=date(2026, 3, 8), tz="UTC", utc_offset_min=0)
    home = "America/Los_Angeles"
    moved = {kind: in_home_zone(row | {"tz_source": kind}, "started_at", home) for kind in KINDS}
    assert moved["row"] == (instant, date(2026, 3, 8))
    assert moved["offset"] == (instant, date(2026, 3, 7))
    assert moved["source"] == (datetime(2026, 3, 8, 14, 30), date(2026, 3, 8))


def test_withdrawal_by_the_clinician_censors() -> None:
    one = enrolment_of(status="stopped_by_clinician", status_date=START + timedelta(days=9))
    found = adherence(one, [Session(2, Fraction(20), "completed")], POLICY, set())
    assert (found["km_time"], found["km_event"]) == (10, 0)


def test_every_enrolment_falls_into_one_cell_per_level_duration_and_split() -> None:
    found = cells_of(enrolment_of(), POLICY)
    assert len(set(found)) == len(POLICY.levels) * len(POLICY.durations) * len(POLICY.splits)
    assert ("all", "all", "all", "all", "all", "all", "all") in found


def test_as_of_is_the_oldest_of_the_newest_session_exports() -> None:
    files = [
        file_of("a", 3),
        file_of("b", 9),
        file_of("c", 20) | {"source_id": "other"},
        file_of("d", 28) | {"source_id": "x", "table": "survey_response"},
    ]
    assert as_of_dates(files)["c"] == date(2026, 4, 9)
    assert as_of_dates(files[3:])["c"] == date(2026, 4, 28)
    assert as_of_dates([files[0] | {"data_through": "2026-03-02"}])["c"] == START


def test_a_stop_ends_activity_so_the_next_programme_gets_the_session() -> None:
    stop = START + timedelta(days=9)
    first = enrolment_of(plan_type="open_ended", weeks=None, status="lost", status_date=stop)
    second = enrolment_of(key=("two",), enrolment_id="f", start=START + timedelta(days=20))
    row = row_of(local_date=START + timedelta(days=21))
    assert owner_of(row, [first, second]) is second


def test_minutes_that_nobody_recorded_are_unknown_and_no_session_is_zero() -> None:
    for sessions, dose in (([Session(1, None, "completed")], None), ([], 0)):
        found = adherence(enrolment_of(), sessions, POLICY, set())
        assert (found["dose_minutes"], found["minutes_adherence_capped"]) == (dose, dose)
