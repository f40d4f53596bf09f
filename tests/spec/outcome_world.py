"""A small world by hand: tables as the other steps leave them, then the outcome files over them.

Everything before facts.fct_outcome is filled with literals, so a test shows all that a figure rests on.
"""

import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from flows.steps import sql_files
from flows.steps.infer import infer
from flows.steps.sql_files import build_table, read_sql_file

POLICY = tomllib.loads((Path(__file__).parents[2] / "schemas" / "policy.toml").read_text())
START = date(2026, 3, 2)
BEFORE_INFER = (
    "staging/response_match", "staging/outcome_score", "staging/outcome_visit",
    "staging/outcome_stratum_name", "staging/outcome_stratum", "staging/plan_window",
    "staging/outcome_window", "staging/outcome_choice", "staging/outcome_candidate",
    "staging/outcome_due", "facts/fct_outcome_figure", "facts/fct_outcome",
    "staging/outcome_cell", "staging/outcome_cell_size",
    "staging/outcome_count", "staging/outcome_family",
)  # fmt: skip
TABLES = """
create table ref.run (release_id varchar, as_of_date date, code_sha256 varchar);
create table ref.clinic (clinic_id varchar, as_of_date date);
create table ref.policy (key varchar, value double, text varchar, source varchar);
create table ref.cell (level varchar, duration varchar, split varchar);
create table ref.window (visit varchar, min_weeks integer, max_weeks integer, single boolean,
    awlo integer, awtarget integer, awhi integer);
create table ref.instrument (instrument varchar, version varchar, name varchar, domain varchar[],
    n_items integer, recall_days integer, percent_change boolean,
    percent_change_min_baseline double, has_baseline boolean);
create table ref.instrument_score (instrument varchar, version varchar, score_id varchar,
    method varchar, direction varchar, range_lo double, range_hi double);
create table ref.instrument_mic (instrument varchar, version varchar, score_id varchar, value double,
    unit varchar, label varchar, source varchar, is_default boolean);
create table staging.enrolment (enrolment_no integer, clinic_id varchar, enrolment_id varchar,
    participant_key varchar, condition varchar, condition_group varchar, arm varchar,
    modality varchar, setting varchar, start_date date, plan_type varchar, duration_weeks integer,
    duration_band varchar, as_of_date date);
create view facts.fct_enrolment as select *, null::varchar as age_band from staging.enrolment;
create table facts.fct_adherence_figure (enrolment_no integer, adherence_capped double);
create table staging.session (file_no integer, line bigint, clinic_id varchar, participant_key varchar, enrolment_id varchar,
    started_at timestamp, local_date date, minutes double, status varchar);
create table facts.fct_session_log (file_no integer, line bigint, enrolment_no integer,
    ady integer, minutes double, status varchar);
create table staging.response (response_no integer, clinic_id varchar, participant_key varchar,
    enrolment_id varchar, instrument varchar, version varchar, status varchar,
    session_phase varchar, completed_at timestamp, local_date date, visit varchar, line bigint);
create table facts.fct_score (response_no integer, clinic_id varchar, participant_key varchar,
    instrument varchar, version varchar, language varchar, score_id varchar, value double,
    direction varchar, scored_by varchar);
create view staging.score_rule as
    select row_number() over (order by instrument, version, score_id) as rule_no, instrument, version, score_id
    from memory.ref.instrument_score;
create view facts.fct_score_figure as
    select s.response_no, k.rule_no, s.value, s.scored_by
    from facts.fct_score as s join staging.score_rule as k using (instrument, version, score_id);
"""


class World:
    """One in-memory warehouse; `enrol`, `answer` and `practise` fill it, `build` runs the files."""

    def __init__(self, as_of: date = START + timedelta(days=400)) -> None:
        self.as_of = as_of
        self.n = {"enrolment": 0, "response": 0}
        self.connection = duckdb.connect()
        for schema in ("ref", "facts", "marts"):
            self.connection.execute(f"create schema {schema}")
        self.connection.execute("attach ':memory:' as staging")
        self.connection.execute(TABLES)
        self._fill_reference()

    def _fill_reference(self) -> None:
        self.insert("ref.run", release_id="r1", as_of_date=self.as_of, code_sha256="0")
        self.insert("ref.clinic", clinic_id="north", as_of_date=self.as_of)
        for section, numbers in POLICY.items():
            for key, number in numbers.items() if isinstance(numbers, dict) else []:
                if isinstance(number, dict):
                    word = number.get("text")
                    told = {"value": number.get("value"), "text": word}
                    self.insert("ref.policy", key=f"{section}.{key}", **told)
        for level in POLICY["cells"]["levels"]:
            for duration in POLICY["cells"]["durations"]:
                for split in POLICY["cells"]["splits"]:
                    self.insert("ref.cell", level=level, duration=duration, split=split)
        for w in POLICY["windows"]:
            self.insert(
                "ref.window", visit=w["visit"], min_weeks=w.get("min_weeks"),
                max_weeks=w.get("max_weeks"), single=w.get("single", False), awlo=w["lo"],
                awtarget=w["target"], awhi=w["hi"],
            )  # fmt: skip
        self.instrument("nrs", domain=["pain_intensity"], top=10, percent=True, mic=(2, "points"))

    def insert(self, table: str, **row: Any) -> None:
        """One row; columns left out are NULL."""
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        self.connection.execute(f"insert into {table} ({names}) values ({marks})", [*row.values()])

    def instrument(
        self, name: str, *, domain: list[str] | None = None, top: float = 100,
        direction: str = "higher_worse", percent: bool = False, recall: int = 1,
        percent_from: float | None = None,
        mic: tuple[float, str] | None = None,
    ) -> None:  # fmt: skip
        """A questionnaire of version 1 with one score from 0 to `top`."""
        key = {"instrument": name, "version": "1"}
        self.insert(
            "ref.instrument", **key, domain=domain or ["function"], recall_days=recall,
            percent_change=percent, percent_change_min_baseline=percent_from,
            has_baseline="global_change" not in (domain or []),
        )  # fmt: skip
        self.insert(
            "ref.instrument_score", **key, score_id="score", direction=direction, range_lo=0,
            range_hi=top,
        )  # fmt: skip
        if mic:
            self.insert(
                "ref.instrument_mic", **key, score_id="score", value=mic[0], unit=mic[1],
                source="Someone 2020", is_default=True,
            )  # fmt: skip

    def enrol(
        self, person: str = "p1", *, weeks: int | None = 4, single: bool = False,
        start: date | None = START, **columns: Any,
    ) -> int:  # fmt: skip
        """An enrolment; weeks None is open-ended. Returns its number."""
        self.n["enrolment"] += 1
        number = self.n["enrolment"]
        row = {
            "enrolment_no": number, "clinic_id": "north", "enrolment_id": f"e{number}",
            "participant_key": person, "condition": "knee_oa", "condition_group": "arthritis",
            "arm": "none", "modality": "self_massage_only", "setting": "home_unsupervised",
            "start_date": start, "duration_weeks": None if single else weeks,
            "duration_band": "single" if single else band(weeks), "as_of_date": self.as_of,
        }  # fmt: skip
        self.insert("staging.enrolment", **(row | columns))
        return number

    def answer(
        self, value: float | None, day: int | None = None, *, person: str = "p1",
        at: datetime | None = None, label: str | None = None, instrument: str = "nrs",
        direction: str = "higher_worse", scored_by: str = "followthrough", **columns: Any,
    ) -> int:  # fmt: skip
        """A response with one score, on a study day of START or by label only. Returns its number."""
        self.n["response"] += 1
        number = self.n["response"]
        key = {"clinic_id": "north", "participant_key": person, "instrument": instrument}
        local_date = None if day is None else START + timedelta(days=day - (day > 0))
        row = key | {
            "response_no": number, "version": "1", "completed_at": at, "local_date": local_date,
            "visit": label, "line": number + 1,
        }  # fmt: skip
        self.insert("staging.response", **(row | columns))
        self.insert(
            "facts.fct_score", **key, response_no=number, version="1", score_id="score",
            value=value, direction=direction, scored_by=scored_by,
        )  # fmt: skip
        return number

    def practise(
        self, enrolment_no: int, day: int, *, person: str = "p1", at: datetime | None = None,
        status: str = "completed", minutes: float = 20,
    ) -> None:  # fmt: skip
        """A session on a study day of START."""
        (line,) = self.connection.execute("select count(*) from staging.session").fetchall()[0]
        self.insert(
            "facts.fct_session_log", file_no=0, line=line, enrolment_no=enrolment_no, ady=day,
            minutes=minutes, status=status,
        )  # fmt: skip
        self.insert(
            "staging.session", file_no=0, line=line, clinic_id="north", participant_key=person, started_at=at,
            local_date=START + timedelta(days=day - (day > 0)), minutes=minutes, status=status,
        )  # fmt: skip

    def build(self) -> "World":
        """Run the outcome files, the inference step and the mart."""
        root = sql_files.SQL_ROOT  # a test may have put a wrong copy there
        for name in BEFORE_INFER:
            build_table(self.connection, read_sql_file(root / f"{name}.sql"))
        infer(self.connection)
        build_table(self.connection, read_sql_file(root / "marts/mart_outcome.sql"))
        return self

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(query, parameters).fetchall()

    def outcome(
        self, visit: str, columns: str, enrolment_no: int = 1, instrument: str = "nrs"
    ) -> Any:
        """Columns of one row of facts.fct_outcome; None where there is no such row."""
        found = self.rows(
            f"select {columns} from facts.fct_outcome"
            " where enrolment_no = ? and visit = ? and instrument = ?",
            enrolment_no, visit, instrument,
        )  # fmt: skip
        return found[0] if found else None

    def cell(self, visit: str, columns: str, where: str = "true", instrument: str = "nrs") -> Any:
        """Columns of the one row of marts.mart_outcome: everyone, unless `where` says otherwise."""
        everyone = "level = 'all' and duration_band = 'all' and modality = 'all' and arm = 'all'"
        everyone += " and setting = 'all' and clinic_id = 'all'"
        [found] = self.rows(
            f"select {columns} from marts.mart_outcome where visit = ? and instrument = ?"
            f" and {everyone if where == 'true' else where}",
            visit, instrument,
        )  # fmt: skip
        return found


def band(weeks: int | None) -> str:
    """Duration band of a fixed term; None is open-ended."""
    if weeks is None:
        return "open_ended"
    limits = {3: "w1_3", 4: "w4", 7: "w5_7", 12: "w8_12"}
    return next((name for limit, name in limits.items() if weeks <= limit), "w_gt12")
