"""A world small enough to draw: enrolments, prescriptions, pauses and sessions filled in by hand.

The tables between the arrows (docs/design.md) are made in memory and the SQL files are run on them, so
that a test says what is in a person's diary and reads what the facts and marts make of it.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from flows.steps.sql_files import SqlFile, build_table, find_sql_files

POLICY = tomllib.loads((Path(__file__).parents[2] / "schemas" / "policy.toml").read_text("utf-8"))
START = date(2026, 1, 5)

_LAYOUT = """
attach ':memory:' as staging;
create schema ref; create schema facts; create schema marts;
create table ref.run (release_id varchar, as_of_date date, code_sha256 varchar);
create table ref.clinic (clinic_id varchar, as_of_date date);
create table ref.policy (key varchar, value double, text varchar, source varchar);
create table ref.cell (level varchar, duration varchar, split varchar);
create table staging.enrolment (
    enrolment_no integer, clinic_id varchar, enrolment_id varchar, participant_key varchar,
    condition varchar, condition_group varchar, arm varchar, modality varchar, setting varchar,
    self_massage_share double, start_date date, index_date date, plan_type varchar,
    duration_weeks integer, duration_band varchar, due_days integer, status varchar,
    status_date date, stop_reason varchar, sessions_reported integer, sex_at_birth varchar,
    birth_year integer, age_at_start integer, home_tz varchar, as_of_date date, file_key varchar,
    line bigint);
create table staging.prescription (
    enrolment_no integer, version_no integer, effective_from date, effective_to date,
    sessions_per_week decimal(9, 3), minutes_per_session decimal(9, 3));
create table staging.pause (enrolment_no integer, from_date date, to_date date);
create table ref.session_file (
    file_no integer, file_key varchar, clinic_id varchar, source_id varchar, file_name varchar);
insert into ref.session_file values (0, 's', 'riverside', 'app', 's.csv');
create table staging.session (
    file_no integer, file_key varchar, line bigint, clinic_id varchar, source_id varchar, participant_key varchar,
    enrolment_id varchar, started_at timestamp, ended_at timestamp, local_date date,
    minutes double, status varchar, supervised boolean, pain_pre double, pain_post double,
    log_source varchar, recorded_at timestamp, time_flag varchar);
create view staging.refused_session as select file_no, line, participant_key from staging.session;
"""
# Facts and marts of adherence, and the staging tables of theirs: what these tests build.
_PREFIXES = ("adherence", "session_match", "persistence", "fct_enrolment", "fct_session",
             "fct_adherence", "mart_adherence", "mart_persistence")  # fmt: skip


def day(number: int) -> date:
    """Programme day 1 is the start; 0 and below lie before it."""
    return START + timedelta(days=number - 1)


@dataclass
class Version:
    """A prescription from a programme day on."""

    from_day: int
    per_week: float | None
    minutes: float | None


@dataclass
class World:
    """Rows to be, and the connection that holds them once built."""

    as_of_day: int = 60
    enrolments: list[tuple[Any, ...]] = field(default_factory=list)
    prescriptions: list[tuple[Any, ...]] = field(default_factory=list)
    pauses: list[tuple[Any, ...]] = field(default_factory=list)
    sessions: list[dict[str, Any]] = field(default_factory=list)
    connection: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)

    def enrol(
        self,
        weeks: int | None = 4,
        versions: Sequence[Version] = (Version(1, 3, 20),),
        *,
        plan: str = "fixed_term",
        person: str | None = None,
        starts: int | None = 1,
        **columns: Any,
    ) -> str:
        """One more enrolment; returns the key of its person."""
        number = len(self.enrolments) + 1
        key = person or f"p{number}"
        start = None if starts is None else day(starts)
        band = columns.pop("duration_band", _band(plan, weeks))
        row: dict[str, Any] = {
            "enrolment_no": number, "clinic_id": "riverside", "enrolment_id": f"e{number}",
            "participant_key": key, "condition": "neck_pain", "condition_group": "spine_pain",
            "arm": "none", "modality": "self_massage_only", "setting": "home_unsupervised",
            "self_massage_share": 1.0, "start_date": start, "index_date": start,
            "plan_type": plan, "duration_weeks": weeks, "duration_band": band, "due_days": None,
            "status": None, "status_date": None, "stop_reason": None, "sessions_reported": None,
            "sex_at_birth": None, "birth_year": None, "age_at_start": None, "home_tz": None,
            "as_of_date": day(self.as_of_day), "file_key": "f", "line": number,
        }  # fmt: skip
        assert columns.keys() <= row.keys()
        self.enrolments.append(tuple((row | columns).values()))
        self._prescribe(number, versions, start)
        return key

    def _prescribe(self, number: int, versions: Sequence[Version], start: date | None) -> None:
        for place, version in enumerate(versions):
            later = versions[place + 1 : place + 2]
            begin = start and start + timedelta(days=version.from_day - 1)
            end = start and later and start + timedelta(days=later[0].from_day - 2)
            row = (number, place + 1, begin, end or None, version.per_week, version.minutes)
            self.prescriptions.append(row)

    def log(self, person: str, *days: int, minutes: float | None = 20, **columns: Any) -> None:
        """Sessions on these programme days (of an enrolment that starts on day 1)."""
        for number in days:
            self.sessions.append(
                {
                    "file_no": 0, "file_key": "s", "line": len(self.sessions) + 1, "clinic_id": "riverside",
                    "source_id": "app", "participant_key": person, "enrolment_id": None,
                    "started_at": datetime.combine(day(number), datetime.min.time()),
                    "ended_at": None, "local_date": day(number), "minutes": minutes,
                    "status": "completed", "supervised": None, "pain_pre": None,
                    "pain_post": None, "log_source": None, "recorded_at": None, "time_flag": None,
                } | columns
            )  # fmt: skip

    def build(self) -> "World":
        """Fill the tables and run the SQL files of adherence in their order."""
        self.connection.execute(_LAYOUT)
        fill_reference(self.connection, day(self.as_of_day))
        self._insert("staging.enrolment", self.enrolments)
        self._insert("staging.prescription", self.prescriptions)
        self._insert("staging.pause", self.pauses)
        self._insert("staging.session", [tuple(row.values()) for row in self.sessions])
        self.connection.execute(
            "create table staging.logged_day as select distinct clinic_id, local_date as day "
            "from staging.session where status <> 'entered_in_error'"
        )
        build_adherence(self.connection)
        return self

    def _insert(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            marks = ", ".join("?" for _ in rows[0])
            self.connection.executemany(f"insert into {table} values ({marks})", rows)

    def read(self, query: str) -> list[dict[str, Any]]:
        """Rows of a query, as the columns are named."""
        cursor = self.connection.execute(query)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def adherence(self, number: int = 1) -> dict[str, Any]:
        """The row of facts.fct_adherence of one enrolment."""
        return self.read(f"select * from facts.fct_adherence where enrolment_no = {number}")[0]

    def weeks(self, number: int = 1) -> list[dict[str, Any]]:
        """The weeks of one enrolment in order."""
        query = f"select * from facts.fct_enrolment_week where enrolment_no = {number}"
        return self.read(f"{query} order by programme_week")


def _band(plan: str, weeks: int | None) -> str:
    if plan != "fixed_term" or weeks is None:
        return "single" if plan == "single_session" else "open_ended"
    bands = [(3, "w1_3"), (4, "w4"), (7, "w5_7"), (12, "w8_12")]
    return next((name for top, name in bands if weeks <= top), "w_gt12")


def fill_reference(connection: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """ref.* as a run would write it from schemas/policy.toml."""
    connection.execute("insert into ref.run values ('r1', ?, 'code')", [as_of])
    connection.execute("insert into ref.clinic values ('riverside', ?)", [as_of])
    for section, entries in POLICY.items():
        if isinstance(entries, dict):
            for name, entry in entries.items():
                if isinstance(entry, dict) and "value" in entry:
                    row = [f"{section}.{name}", entry["value"], entry["source"]]
                    connection.execute("insert into ref.policy values (?, ?, null, ?)", row)
    cells = POLICY["cells"]
    for level in cells["levels"]:
        for duration in cells["durations"]:
            for split in cells["splits"]:
                connection.execute(
                    "insert into ref.cell values (?, ?, ?)", [level, duration, split]
                )


def find_adherence_files() -> list[SqlFile]:
    """The SQL files of adherence, each after the ones that it reads."""
    files = find_sql_files("staging", "facts", "marts")
    return [file for file in files if file.path.stem.startswith(_PREFIXES)]


def build_adherence(connection: duckdb.DuckDBPyConnection) -> None:
    """Run the SQL files of adherence in their order."""
    for file in find_adherence_files():
        build_table(connection, file)
