"""The rules of adherence, one sentence each: matching, counting, weeks, pauses, holes, persistence."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from adherence_world import Version, World, day, find_adherence_files


def rows_of_sessions(world: World) -> dict[int, dict[str, object]]:
    return {row["line"]: row for row in world.read("select * from facts.fct_session")}


def test_a_session_is_counted_or_says_why_not() -> None:
    world = World(as_of_day=30)
    one = world.enrol(weeks=3)
    world.log(one, 1, -1, 0, 22, 31)
    world.log(one, 2, minutes=9.99)
    world.log(one, 3, minutes=10)
    world.log(one, 4, status="skipped", minutes=None)
    world.log(one, 5, status="partial", minutes=None)
    world.log(one, 6, minutes=None)
    world.log(one, 7, status="entered_in_error")
    rows = rows_of_sessions(world.build())
    reasons = [rows[line]["not_counted_reason"] for line in sorted(rows)]
    assert reasons == [
        None, "pre_start", "pre_start", "post_end", "after_as_of", "too_short", None,
        "not_completed", "partial", None, "entered_in_error",
    ]  # fmt: skip
    assert [row["is_counted"] for row in rows.values()] == [r is None for r in reasons]
    assert [rows[n]["ady"] for n in (1, 2, 3, 4)] == [1, -2, -1, 22]
    assert [rows[n]["programme_week"] for n in (1, 2, 4)] == [1, None, 4]
    assert rows[10]["minutes_missing"] is True and rows[10]["is_active"] is True
    assert rows[6]["is_active"] is True and rows[9]["is_active"] is False


def test_without_prescribed_minutes_every_completed_session_counts() -> None:
    world = World()
    one = world.enrol(versions=[Version(1, 3, None)])
    world.log(one, 1, minutes=2)
    world.log(one, 2, minutes=15, status="partial")
    row = world.build().adherence()
    assert row["sessions_to_date"] == 1
    assert row["minutes_adherence_capped"] is None
    assert row["minutes_null_reason"] == "no_minutes_prescribed"
    assert row["dose_minutes"] == 17


def test_half_of_the_minutes_is_enough_in_spite_of_binary_fractions() -> None:
    world = World()
    one = world.enrol(versions=[Version(1, 3, 0.6)])
    world.log(one, 1, minutes=0.1 + 0.2)
    world.log(one, 2, minutes=0.29)
    assert world.build().adherence()["sessions_to_date"] == 1


def test_a_log_is_recalled_by_its_source_or_its_lag() -> None:
    world = World()
    one = world.enrol()
    end = datetime(2026, 1, 9)
    late = {"ended_at": end, "recorded_at": end + timedelta(hours=48, seconds=1)}
    world.log(one, 1, log_source="app_recalled")
    world.log(one, 2, log_source="device")
    world.log(one, 3, **late)
    world.log(one, 4, **(late | {"recorded_at": end + timedelta(hours=48)}))
    world.log(one, 5)
    rows = rows_of_sessions(world.build())
    assert [rows[n]["is_recalled"] for n in range(1, 6)] == [True, False, True, False, None]
    row = world.adherence()
    assert (row["sessions_recalled"], row["sessions_recall_known"]) == (2, 4)


def test_sessions_of_several_enrolments_go_to_the_active_one() -> None:
    world = World(as_of_day=200)
    one = world.enrol(weeks=3, starts=1)
    world.enrol(weeks=3, starts=50, person=one)
    world.log(one, -5, 5, 30, 55, 100)
    rows = rows_of_sessions(world.build())
    assert [rows[n]["enrolment_no"] for n in sorted(rows)] == [1, 1, 1, 2, 2]
    reasons = [rows[n]["not_counted_reason"] for n in sorted(rows)]
    assert reasons == ["pre_start", None, "post_end", None, "post_end"]


def test_a_session_that_two_programmes_claim_is_ambiguous_unless_it_names_one() -> None:
    world = World()
    one = world.enrol(weeks=4)
    world.enrol(weeks=4, starts=10, person=one)
    world.log(one, 5, 12)
    world.log(one, 12, enrolment_id="e2")
    world.log(one, 12, enrolment_id="e9")
    world.log("nobody", 12)
    world.build()
    assert {n: row["enrolment_no"] for n, row in rows_of_sessions(world).items()} == {1: 1, 3: 2}
    problems = world.read("select * from staging.session_match_problem order by line")
    assert [(p["line"], p["rule_id"]) for p in problems] == [
        (2, "ambiguous_enrolment"),
        (4, "unknown_enrolment"),
        (5, "unknown_participant"),
    ]


def test_a_programme_that_was_stopped_leaves_its_days_to_the_next() -> None:
    world = World()
    one = world.enrol(weeks=6, status="stopped_by_participant", status_date=day(10))
    world.enrol(weeks=4, starts=15, person=one)
    world.log(one, 9, 16)
    rows = rows_of_sessions(world.build())
    assert [rows[n]["enrolment_no"] for n in (1, 2)] == [1, 2]


def test_undated_enrolments_have_no_calendar_but_are_enrolled() -> None:
    world = World()
    one = world.enrol(starts=None, sessions_reported=7)
    world.log(one, 1)
    row = world.build().adherence()
    assert row["adherence_null_reason"] == "no_start_date"
    assert row["prescribed_total"] == 12
    assert [row[c] for c in ("weeks_matured", "adherence_capped", "initiated", "km_time")] == [
        None
    ] * 4
    session = rows_of_sessions(world)[1]
    assert (session["not_counted_reason"], session["ady"]) == ("no_start_date", None)
    cell = world.read("select * from marts.mart_adherence where level = 'all'")[0]
    assert (cell["n_enrolled"], cell["n_evaluable"], cell["n_no_start_date"]) == (1, 0, 1)
    assert cell["sessions_reported_mean"] == 7


def test_enrolments_that_start_later_enter_no_denominator() -> None:
    world = World(as_of_day=10)
    world.enrol(starts=11)
    world.enrol(starts=10)
    world.build()
    assert world.adherence(1)["adherence_null_reason"] == "not_started"
    assert world.adherence(2)["adherence_null_reason"] == "not_matured"
    cell = world.read("select * from marts.mart_adherence where level = 'all'")[0]
    assert (cell["n_enrolled"], cell["n_planned"]) == (1, 1)


def test_past_weeks_are_judged_by_the_prescription_of_their_own_first_day() -> None:
    world = World()
    versions = [Version(1, 2, 20), Version(10, 4, 40), Version(22, 1, 40)]
    one = world.enrol(weeks=4, versions=versions)
    world.log(one, 1, 2, 9, 11, minutes=10)
    world.log(one, 15, 16, minutes=19)
    world.log(one, 17, minutes=20)
    weeks = world.build().weeks()
    assert [week["due"] for week in weeks] == [2, 2, 4, 1]
    assert [week["sessions"] for week in weeks] == [2, 2, 1, 0]
    assert [week["state"] for week in weeks] == ["done", "done", "partial", "missed"]
    assert world.adherence()["prescribed_total"] == 9


def test_pauses_shorten_what_is_due_and_full_weeks_are_excused() -> None:
    world = World()
    one = world.enrol(weeks=4)
    world.pauses = [(1, day(8), day(15)), (1, day(12), day(16))]
    world.log(one, 1, 3, 5, 17, 18)
    weeks = world.build().weeks()
    assert [week["unpaused_days"] for week in weeks] == [7, 0, 5, 7]
    assert [week["state"] for week in weeks] == ["done", "excused", "partial", "missed"]
    row = world.adherence()
    assert (row["weeks_matured"], row["weeks_excused"]) == (3, 1)
    assert float(row["expected_to_date"]) == pytest.approx(6 + 15 / 7, abs=1e-9)
    assert row["adherence_capped"] == pytest.approx(5 / (6 + 15 / 7), abs=1e-12)
    assert row["prescribed_total"] == 12


def test_a_week_cut_by_a_pause_is_met_exactly() -> None:
    world = World(as_of_day=7)
    one = world.enrol(weeks=1, versions=[Version(1, 7, 20)])
    world.pauses = [(1, day(4), day(4))]
    world.log(one, 1, 2, 3, 5, 6, 7)
    row = world.build().adherence()
    assert (row["adherence_capped"], row["weeks_fully_adherent"], row["adherent80"]) == (
        1.0,
        1,
        True,
    )
    assert row["adherence_day_level"] == 1.0


def test_daily_prescriptions_are_also_judged_by_days() -> None:
    world = World(as_of_day=14)
    one = world.enrol(weeks=2, versions=[Version(1, 14, 20)])
    world.log(one, *[n for n in range(1, 8) for _ in range(2)])
    row = world.build().adherence()
    assert (row["adherence_capped"], row["adherence_day_level"]) == (0.5, 0.5)
    assert world.read("select active_days from facts.fct_enrolment_week")[0]["active_days"] == 7


def clinic_with_hole(n_people: int, silent_from: int, silent_to: int) -> World:
    """Everyone logs on every day, but for the silent ones."""
    world = World(as_of_day=28)
    for _ in range(n_people):
        person = world.enrol(weeks=4, versions=[Version(1, 7, 20)])
        world.log(person, *[n for n in range(1, 29) if not silent_from <= n <= silent_to])
    return world.build()


def test_a_hole_in_the_logs_of_a_whole_clinic_is_not_nonadherence() -> None:
    world = clinic_with_hole(10, 8, 15)
    assert [w["state"] for w in world.weeks()] == ["done", "not_observed", "partial", "done"]
    row = world.adherence()
    assert (row["weeks_matured"], row["weeks_not_observed"]) == (3, 1)
    assert row["adherence_capped"] == pytest.approx(20 / 21, abs=1e-12)


@pytest.mark.parametrize(("people", "last"), [(9, 15), (10, 14)])
def test_a_small_clinic_or_a_short_silence_is_no_hole(people: int, last: int) -> None:
    assert clinic_with_hole(people, 8, last).weeks()[1]["state"] == "missed"


def test_whoever_left_stays_in_the_denominator_as_prescribed() -> None:
    world = World()
    one = world.enrol(weeks=4, status="stopped_by_participant", status_date=day(14))
    world.log(one, 1, 2, 3, 8, 9)
    row = world.build().adherence()
    assert row["adherence_capped"] == pytest.approx(5 / 12)
    assert row["adherence_while_on_programme"] == pytest.approx(5 / 6)
    assert [w["state"] for w in world.weeks()] == ["done", "partial", "withdrawn", "withdrawn"]


def test_no_frequency_gives_no_adherence_but_persistence() -> None:
    world = World()
    one = world.enrol(versions=[Version(1, None, 20)])
    world.log(one, 1, 8, 15, 22)
    row = world.build().adherence()
    assert (row["adherence_capped"], row["adherence_null_reason"]) == (None, "no_frequency")
    assert (row["km_time"], row["km_event"], row["prescribed_total"]) == (28, 0, None)


def test_minutes_that_nobody_recorded_are_not_zero() -> None:
    world = World()
    one = world.enrol()
    world.log(one, 1, 2, 3, minutes=None)
    row = world.build().adherence()
    assert row["adherence_capped"] == 0.25
    assert (row["minutes_adherence_capped"], row["dose_minutes"]) == (None, None)
    assert row["minutes_null_reason"] == "minutes_not_recorded"


def test_open_ended_programmes_mature_week_by_week_without_an_end() -> None:
    world = World(as_of_day=40)
    one = world.enrol(None, plan="open_ended")
    world.log(one, 1, 8, 15, 22, 26)
    row = world.build().adherence()
    assert (row["weeks_matured"], row["expected_to_date"]) == (5, Decimal(15))
    assert (row["prescribed_total"], row["programme_state"]) == (None, "running")
    # Silent from day 27 to the as-of day 40: fourteen days in which the next activity is not.
    assert (row["km_time"], row["km_event"]) == (26, 1)
    assert row["km_time_from_first"] == 26


@pytest.mark.parametrize(
    ("per_week", "weeks", "silent", "event"),
    [(3, 4, 14, 0), (3, 4, 15, 1), (3, 3, 7, 0), (3, 3, 8, 1), (0.5, 8, 28, 0), (0.5, 8, 29, 1)],
)
def test_the_longest_silence_depends_on_term_and_frequency(
    per_week: float, weeks: int, silent: int, event: int
) -> None:
    world = World(as_of_day=200)
    one = world.enrol(weeks, [Version(1, per_week, 20)])
    world.log(one, 2, 2 + silent, *range(2 + silent, 7 * weeks, 5))
    row = world.build().adherence()
    assert (row["km_time"], row["km_event"]) == ((2, 1) if event else (7 * weeks, 0))
    assert row["n_restarts"] == event


@pytest.mark.parametrize(
    ("status", "reason"), [("stopped_by_clinician", "no_benefit"), ("lost", "died")]
)
def test_withdrawal_by_the_clinician_or_death_censors(status: str, reason: str) -> None:
    world = World()
    one = world.enrol(status=status, status_date=day(12), stop_reason=reason)
    world.log(one, 1, 5, 9)
    world.enrol(status=status, status_date=day(3), stop_reason=reason)
    world.build()
    row, silent = world.adherence(1), world.adherence(2)
    assert (row["km_time"], row["km_event"], row["is_competing"]) == (12, 0, True)
    assert (silent["km_time"], silent["km_event"]) == (3, 0)


def test_relative_dose_intensity_counts_the_running_week() -> None:
    world = World(as_of_day=10)
    one = world.enrol(weeks=4)
    world.log(one, 1, 3, 9)
    row = world.build().adherence()
    assert row["rdi"] == pytest.approx(60 / (10 / 7 * 60))
    assert (row["dose_minutes"], row["dose_sessions"], row["sessions_to_date"]) == (60, 3, 2)


def test_excess_minutes_and_sessions_are_shown_apart() -> None:
    world = World(as_of_day=14)
    one = world.enrol(weeks=2, versions=[Version(1, 1, 20)])
    world.log(one, 1, 2, 8, minutes=30)
    row = world.build().adherence()
    assert (row["over_adherent_weeks"], row["excess_minutes"]) == (1, 50)
    assert (row["adherence_capped"], row["adherence_uncapped"]) == (1.0, 1.5)
    assert row["minutes_adherence_capped"] == 1.0


def test_a_single_session_after_its_due_days_was_missed() -> None:
    world = World(as_of_day=4)
    world.enrol(None, [Version(1, None, 20)], plan="single_session", due_days=3)
    done = world.enrol(None, [Version(1, None, 20)], plan="single_session", due_days=3)
    world.log(done, 3, 3)
    world.build()
    missed, row = world.adherence(1), world.adherence(2)
    assert (missed["completed"], missed["initiated"], missed["adherence_capped"]) == (0, False, 0.0)
    assert (row["completed"], row["programme_state"], row["adherence_uncapped"]) == (
        1,
        "finished",
        2.0,
    )
    assert world.weeks(2) == []


def test_more_than_half_self_massage_is_strictly_more() -> None:
    world = World()
    for share in (0.5, 0.501, None):
        world.enrol(self_massage_share=share)
    world.build()
    flags = [world.adherence(n)["is_over_half_self_massage"] for n in (1, 2, 3)]
    assert flags == [False, True, None]


def test_headers_name_the_columns_in_their_order() -> None:
    connection = World().build().connection
    for file in find_adherence_files():
        described = connection.execute(f"describe {file.name}").fetchall()
        assert list(file.columns) == [row[0] for row in described], file.name
