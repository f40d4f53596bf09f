"""Attrition and the worklist from export files to the marts of one run."""

import statistics
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.exports import Clinic, Row, read, run

START = date(2026, 1, 5)
Warehouse = duckdb.DuckDBPyConnection
ALL = " and ".join(
    f"{name} = 'all'" for name in ("level", "duration_band", "modality", "arm", "setting")
)


def day(number: int, start: date = START) -> str:
    """The date of a programme day; 0 and below lie before the start."""
    return (start + timedelta(days=number - 1)).isoformat()


BASELINES = {"answers": (8, 6, 7, 9), "stays_away": (3, 5, 4)}


def attrition() -> Clinic:
    """Four answer at the end, three do not, one has no baseline; those who stay away began with less pain."""
    clinic = Clinic("attrition", START + timedelta(days=60))
    for group, baselines in BASELINES.items():
        for number, baseline in enumerate(baselines):
            person = clinic.enrol(f"{group}-{number}", start_date=day(1))
            clinic.ask(person, f"{day(0)} 09:00", nrs=baseline)
            if group == "answers":
                clinic.ask(person, f"{day(29)} 09:00", nrs=baseline - 2)
    clinic.ask(clinic.enrol("no-baseline", start_date=day(1)), f"{day(29)} 09:00", nrs=1)
    clinic.enrol("just-begun", start_date=day(58))
    return clinic


def worklist() -> Clinic:
    """The as-of date is day 24 of most; who is listed says so in its name."""
    clinic = Clinic("worklist", START + timedelta(days=23))
    people = {
        "on-time": (1, [23]), "late": (1, [20]), "leaving": (1, [12]), "silent": (1, [5]),
        "paused": (1, [5]), "died": (1, [5]), "stopped": (1, [5]), "ends": (-9, [33]),
        "planned": (30, []), "planned-answered": (30, []),
    }  # fmt: skip
    for name, (start, sessions) in people.items():
        status = {"died": "lost", "stopped": "stopped_by_participant"}.get(name, "running")
        ended = (
            {}
            if status == "running"
            else {"status_date": day(10), "stop_reason": "died" if name == "died" else "no_benefit"}
        )
        first = START + timedelta(days=start - 1)
        clinic.enrol(name, enrolment_id=name, start_date=first.isoformat(), status=status, **ended)
        for number in sessions:
            clinic.log(name, f"{day(number, first)} 09:00")
        if start < 24:
            clinic.ask(name, f"{day(0, first)} 08:00", nrs=5)
    clinic.ask("planned-answered", f"{day(22)} 08:00", nrs=5)
    single = {
        "plan_type": "single_session",
        "duration_weeks": "",
        "sessions_per_week": "",
        "due_days": 9,
    }
    clinic.enrol("single", enrolment_id="single", start_date=day(20), **single)
    for weeks_ago in (5, 10):  # they make WK4 a visit that this clinic uses
        first = START - timedelta(weeks=weeks_ago)
        clinic.enrol(
            f"before-{weeks_ago}",
            enrolment_id=f"before-{weeks_ago}",
            start_date=first.isoformat(),
            status="completed",
        )
        clinic.ask(f"before-{weeks_ago}", f"{day(29, first)} 08:00", nrs=2)
    pause = {
        "participant_id": "paused",
        "from_date": day(20),
        "to_date": day(30),
        "recorded_at": day(20),
    }
    clinic.rows["pause"].append(pause)
    return clinic


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    data = tmp_path_factory.mktemp("exports")
    for clinic in (attrition(), worklist()):
        clinic.write(data)
    with run(data) as connection:
        yield connection


def attrition_row(published: Warehouse, visit: str) -> Row:
    (row,) = read(
        published,
        f"select * from marts.mart_attrition where {ALL} and clinic_id = 'attrition' and visit = '{visit}'",
    )
    return row


def test_those_who_answer_are_set_beside_those_who_do_not(published: Warehouse) -> None:
    row = attrition_row(published, "EOP")
    counts = [
        row[name] for name in ("n_due", "n_without_baseline", "n_completer", "n_noncompleter")
    ]
    assert counts == [8, 1, 4, 3]
    stayed, left = BASELINES["answers"], BASELINES["stays_away"]
    assert row["completer_baseline_mean"] == statistics.mean(stayed)
    assert row["noncompleter_baseline_mean"] == statistics.mean(left)
    assert row["completer_baseline_sd"] == pytest.approx(statistics.stdev(stayed), abs=1e-12)
    assert row["noncompleter_baseline_sd"] == pytest.approx(statistics.stdev(left), abs=1e-12)
    spread = ((statistics.variance(stayed) + statistics.variance(left)) / 2) ** 0.5
    assert row["baseline_difference"] == 3.5
    assert row["baseline_smd"] == pytest.approx(3.5 / spread, abs=1e-12)


def test_attrition_agrees_with_the_pairs_of_the_outcome_mart(published: Warehouse) -> None:
    differing = """
        select attrition.*
        from marts.mart_attrition as attrition
        join marts.mart_outcome as outcome
            using (level, condition, duration_band, modality, arm, setting, clinic_id, instrument, version, score_id, visit)
        where outcome.n_due <> attrition.n_due or outcome.n_pair_due <> attrition.n_completer
            or attrition.n_due <> n_without_baseline + n_completer + n_noncompleter
    """
    assert read(published, differing) == []
    assert read(published, "select 1 from marts.mart_attrition where visit = 'BASELINE'") == []


def test_without_completers_there_is_nothing_to_compare(published: Warehouse) -> None:
    nobody = "select * from marts.mart_attrition where clinic_id = 'worklist' and n_completer = 0"
    rows = read(published, nobody)
    assert rows
    for row in rows:
        assert (row["completer_baseline_mean"], row["completer_baseline_sd"]) == (None, None)
        assert (row["baseline_difference"], row["baseline_smd"]) == (None, None)


def test_the_worklist_says_who_is_due_late_or_about_to_leave(published: Warehouse) -> None:
    rows = read(published, "select * from marts.mart_worklist where clinic_id = 'worklist'")
    sessions = {row["enrolment_id"]: row for row in rows if row["what"] == "session"}
    assert {name: row["state"] for name, row in sessions.items()} == {
        "late": "late", "leaving": "leaving", "silent": "silent", "single": "due",
    }  # fmt: skip
    late = sessions["late"]
    days = [
        late[name]
        for name in ("study_day", "from_day", "target_day", "last_day", "days_late", "days_left")
    ]
    assert days == [24, 21, 23, 34, 1, 10]
    surveys = {
        (row["enrolment_id"], row["visit"]): row["state"] for row in rows if row["what"] == "survey"
    }
    assert surveys["late", "WK4"] == surveys["late", "EOP"] == "due"
    assert surveys["ends", "EOP"] == "leaving" and surveys["ends", "WK4"] == "late"
    assert surveys["planned", "BASELINE"] == surveys["single", "FU1W"] == "due"
    assert surveys["stopped", "EOP"] == "due"
    assert not any(name in ("died", "planned-answered") for name, _ in surveys)
    assert not any(
        visit == "BASELINE" and name != "planned" for name, visit in surveys if name != "single"
    )


def test_the_worklist_holds_no_dates_and_stays_with_the_analyst(
    published: Warehouse, tmp_path: Path
) -> None:
    types = dict(
        published.execute(
            "select column_name, data_type from duckdb_columns() where table_name = 'mart_worklist'"
        ).fetchall()
    )
    assert [name for name, kind in types.items() if "DATE" in kind or "TIME" in kind] == [
        "as_of_date"
    ]
    (path,) = published.execute(
        "select path from duckdb_databases() where path is not null"
    ).fetchone() or ("",)
    dashboard = Path(path).parent / "dashboard.duckdb"
    with duckdb.connect(str(dashboard), read_only=True) as connection:
        names = {
            row[0]
            for row in connection.execute("select table_name from duckdb_tables()").fetchall()
        }
    assert "mart_adherence" in names and not names & {
        "mart_worklist",
        "mart_attrition",
        "mart_persistence",
    }
