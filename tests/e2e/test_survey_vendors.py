"""Exports of the survey vendors through whole runs: from the file as the vendor writes it to outcomes, or to landed responses."""

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from flows.steps.ledger import Ledger
from flows.steps.pipeline import ingest_all, run_all
from schemas.errors import ExitCode
from tests.exports import NOW, Clinic, read

PHQ, GAD = [f"phq{n}" for n in range(1, 10)], [f"gad{n}" for n in range(1, 8)]

# One REDCap export feeds two tables: the plan stands on the baseline line, the questionnaires on every event.
REDCAP_ENROLMENT = """
clinic = "riverside"
table = "enrolment"
reader = "redcap"
files = "Trial_DATA_*.csv"
exported_at = "name:%Y-%m-%d"
timezone = "America/New_York"
[columns]
participant_id = "record_id"
condition_code = "condition"
start_date = "start_date"
plan_type = { value = "fixed_term" }
duration_weeks = { value = 8 }
sessions_per_week = { value = 3 }
minutes_per_session = { value = 20 }
[codes.condition_code]
1 = "depression"
2 = "anxiety"
"""
REDCAP_SURVEY = """
clinic = "riverside"
table = "survey"
reader = "redcap"
files = "Trial_DATA_*.csv"
exported_at = "name:%Y-%m-%d"
timezone = "America/New_York"
[dialect]
missing = ["", "UNK"]
[columns]
participant_id = "record_id"
completed_at = "mood_timestamp"
status = "mood_status"
[visits]
column = "redcap_event_name"
labels = { baseline_arm_1 = "BASELINE", week_4_arm_1 = "WK4" }
[instruments.phq9]
version = "9"
items = "phq{n}"
options = { missing = "option" }
[instruments.gad7]
version = "7"
items = "gad{n}"
"""
REDCAP_HEADER = [
    "record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance", "condition", "start_date",
    "enrolment_complete", "mood_timestamp", *PHQ, *GAD, "mood_complete", "pain", "diary_complete",
]  # fmt: skip


def _redcap_row(record: str, event: str, stamp: str, phq: list[Any], gad: list[int]) -> list[Any]:
    plan = ["1", "2026-01-05", "2"] if event.startswith("baseline") else ["", "", ""]
    state = 2 if stamp and not stamp.startswith("[") else 0
    return [record, event, "", "", *plan, stamp, *phq, *gad, state, "", ""]


def _diary_row(record: str, instance: int, pain: int) -> list[Any]:
    blank = [""] * (len(REDCAP_HEADER) - 6)
    return [record, "week_4_arm_1", "diary", instance, *blank, pain, 2]


REDCAP_ROWS = [
    _redcap_row("7-1", "baseline_arm_1", "2026-01-04 18:00:00", [2] * 9, [2] * 7),
    _redcap_row("7-1", "week_4_arm_1", "2026-02-02 20:30:00", [1] * 9, [0] * 7),
    _diary_row("7-1", 1, 5),
    _diary_row("7-1", 2, 4),
    # entered by staff from paper: no time stamp, so the event's label places it
    _redcap_row("007", "baseline_arm_1", "", [3] * 8 + ["UNK"], [3] * 7),
    _redcap_row("007", "week_4_arm_1", "", [1] * 9, [1] * 7),
    # begun and left: no outcome
    _redcap_row("8-2", "baseline_arm_1", "2026-01-05 09:00:00", [2] * 9, [1] * 7),
    _redcap_row("8-2", "week_4_arm_1", "[not completed]", [0] * 9, [0] * 7),
]
PAIRS = """
    select e.participant_key, o.instrument, o.visit_basis, o.base, o.aval, o.chg
    from facts.fct_outcome as o
    join facts.fct_enrolment as e using (enrolment_no)
    where o.visit = 'WK4' and o.score_id = 'total' and o.aval is not null
    order by o.base, o.instrument
"""


def _write(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def _csv(rows: list[list[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def test_a_longitudinal_redcap_export_becomes_outcomes(tmp_path: Path) -> None:
    folder = tmp_path / "raw" / "riverside" / "redcap"
    _write(folder, "Trial_DATA_2026-03-31.csv", _csv([REDCAP_HEADER, *REDCAP_ROWS]))
    _write(folder, "enrolment.source.toml", REDCAP_ENROLMENT)
    _write(folder, "survey.source.toml", REDCAP_SURVEY)
    ledger, built = run_all(tmp_path, date(2026, 3, 31), NOW, with_gate=False)
    assert ledger.problems == []
    assert built.release_id is not None
    counts = {f["source_id"]: (f["rows_read"], f["rows_landed"], f["rows_refused"], f["rows_ignored"]) for f in ledger.files}  # fmt: skip
    assert counts == {"redcap.enrolment": (8, 3, 0, 5), "redcap.survey": (8, 6, 0, 2)}
    with duckdb.connect(str(tmp_path / "warehouse" / "analyst.duckdb"), read_only=True) as opened:
        told = [tuple(row.values())[1:] for row in read(opened, PAIRS)]
    assert told == [
        ("gad7", "date", 14, 0, -14),
        ("phq9", "date", 18, 9, -9),
        ("gad7", "label", 21, 7, -14),
        ("phq9", "label", 27, 9, -18),
    ]


def _landed(data: Path, source: str) -> tuple[Ledger, list[tuple[Any, ...]]]:
    """The responses that land from one source: line, questionnaire, day, status, answers."""
    ledger = ingest_all(data)
    paths = sorted((data / "warehouse").glob(f"parquet/survey_response/*/source={source}/*"))
    columns = ("line", "instrument", "local_date", "status", "answers")
    frames = [pl.read_parquet(path, columns=columns, hive_partitioning=False) for path in paths]
    return ledger, sorted(pl.concat(frames).rows()) if frames else []


QUALTRICS = """
clinic = "riverside"
table = "survey"
reader = "qualtrics"
exported_at = "fixed:2026-03-31"
timezone = "America/Denver"
[columns]
participant_id = "ExternalReference"
completed_at = "EndDate"
response_id = "_recordId"
status = "Finished"
[instruments.gad7]
version = "7"
items = { q1 = "QID1_1", q2 = "QID1_2", q3 = "QID1_3", q4 = "Q1_4", q5 = "Q1_5", q6 = "Q1_6", q7 = "Q1_7" }
"""


def test_a_qualtrics_export_becomes_responses(tmp_path: Path) -> None:
    ids = ["startDate", "endDate", "status", "ipAddress", "finished", "_recordId", "externalDataReference"]  # fmt: skip
    ids += [f"QID1_{n}" for n in range(1, 8)]
    names = ["StartDate", "EndDate", "Status", "IPAddress", "Finished", "ResponseId", "ExternalReference"]  # fmt: skip
    names += [f"Q1_{n}" for n in range(1, 8)]
    told = [{"ImportId": i, "timeZone": "America/Denver"} if i.endswith("Date") else {"ImportId": i} for i in ids]  # fmt: skip
    start = ["2026-01-05 20:00:00", "2026-01-05 20:05:00"]
    rows = [
        names,
        [f"Wording\nof {name}" for name in names],
        [json.dumps(one) for one in told],
        [*start, 0, "192.0.2.1", 1, "R_1", "P1", 3, 3, 2, 1, 0, 1, -99],
        [*start, 1, "192.0.2.1", 1, "R_2", "P2", 3, 3, 3, 3, 3, 3, 3],
        [*start, 0, "192.0.2.1", 0, "R_3", "P3", 1, "", "", "", "", "", ""],
    ]
    folder = tmp_path / "raw" / "riverside" / "forms"
    _write(folder, "export.csv", _csv(rows))
    _write(folder, "source.toml", QUALTRICS.replace("[columns]", '[columns]\ntz = "timeZone"'))
    ledger, landed = _landed(tmp_path, "forms")
    assert ledger.problems == []
    day = date(2026, 1, 5)
    assert landed == [
        (18, "gad7", day, "completed", [3, 3, 2, 1, 0, 1, None]),
        (20, "gad7", day, "in-progress", [1, None, None, None, None, None, None]),
    ]
    (file,) = ledger.files
    assert (file["rows_read"], file["rows_landed"], file["rows_ignored"]) == (3, 2, 1)
    assert "IPAddress" not in file["columns"].values()


def test_a_zone_that_contradicts_the_export_refuses_it(tmp_path: Path) -> None:
    told = ['{"ImportId":"endDate","timeZone":"America/Denver"}', '{"ImportId":"QID1"}']
    rows = [["EndDate", "Q1"], ["End", "Worry"], told, ["2026-01-05 20:00:00", "1"]]
    mapping = QUALTRICS.replace("America/Denver", "Europe/Berlin").split("[instruments")[0]
    mapping = mapping.replace('"ExternalReference"', '{ value = "P1" }')
    mapping = "\n".join(
        line for line in mapping.splitlines() if "Id" not in line and "Fin" not in line
    )
    mapping += '\n[instruments.gad7]\nversion = "7"\nitems = { q1 = "Q1" }\n'
    folder = tmp_path / "raw" / "riverside" / "forms"
    _write(folder, "export.csv", _csv(rows))
    _write(folder, "source.toml", mapping)
    ledger, landed = _landed(tmp_path, "forms")
    (problem,) = ledger.problems
    assert landed == []
    assert problem.exit_code == ExitCode.EXPORT_UNREADABLE
    assert "written in America/Denver, and timezone is Europe/Berlin" in problem.message


SURVEYMONKEY = """
clinic = "riverside"
table = "survey"
reader = "surveymonkey"
exported_at = "fixed:2026-03-31"
timezone = "America/New_York"
[dialect]
encoding = "cp1252"
date_order = "mdy"
[columns]
participant_id = "Your code"
completed_at = "End Date"
response_id = "Respondent ID"
[instruments.peg]
version = "3"
items = { q1 = "How bad was it, 0 to 10? - on average", q2 = "How bad was it, 0 to 10? - it spoilt life", q3 = "Activity" }
"""


def test_a_surveymonkey_export_becomes_responses(tmp_path: Path) -> None:
    rows = [
        ["Respondent ID", "End Date", "How bad was it,\n0 to 10?", "", "Activity", "Your code", "Café?"],
        ["", "", "on average", "it spoilt life", "Response", "Open-Ended Response", ""],
        ["901", "01/13/2026 08:00:00 PM", "7", "6", "5", "P1", "crème"],
        ["902", "01/05/2026 10:00:00 AM", "4", "", "2", "P2", ""],
    ]  # fmt: skip
    folder = tmp_path / "raw" / "riverside" / "monkey"
    _write(folder, "source.toml", SURVEYMONKEY)
    (folder / "export.csv").write_bytes(_csv(rows).encode("cp1252"))
    ledger, landed = _landed(tmp_path, "monkey")
    assert ledger.problems == []
    assert landed == [
        (4, "peg", date(2026, 1, 13), None, [7, 6, 5]),
        (5, "peg", date(2026, 1, 5), None, [4, None, 2]),
    ]


GOOGLE = """
clinic = "riverside"
table = "survey"
reader = "google_forms"
exported_at = "fixed:2026-03-31"
timezone = "America/Halifax"
[columns]
participant_id = "Votre code"
completed_at = "Timestamp"
[instruments.nrs_pain]
version = "0-10"
items = { q1 = "Quelle douleur, de 0 à 10 ?" }
"""


@pytest.mark.parametrize(
    ("codes", "answers"),
    [("", [5, 4]), ('[instruments.nrs_pain.codes]\n"5 - insupportable" = 10\n', [10, 4])],
)
def test_a_google_forms_export_becomes_responses(
    tmp_path: Path, codes: str, answers: list[int]
) -> None:
    """A scale is read by its figure; where the mapping translates an answer, the mapping decides."""
    rows = [
        ["Horodateur", "Votre code", "Quelle douleur, de 0 à 10 ?", "Adresse"],
        ["2026/01/05 11:07:29 PM AST", "P1", "5 - insupportable", "x@example.org"],
        ["2026/01/06 11:07:29 AM AST", "P2", "4", ""],
    ]
    folder = tmp_path / "raw" / "riverside" / "google"
    _write(folder, "export.csv", _csv(rows))
    _write(folder, "source.toml", GOOGLE + codes)
    ledger, landed = _landed(tmp_path, "google")
    assert ledger.problems == []
    assert [row[2:3] + tuple(row[4]) for row in landed] == [
        (date(2026, 1, 5), answers[0]),
        (date(2026, 1, 6), answers[1]),
    ]


def test_a_google_forms_export_sent_again_with_more_rows_adds_those(tmp_path: Path) -> None:
    """Without an id of the response, person and time tell it: what is there twice counts once."""
    clinic = Clinic("riverside", date(2026, 3, 31))
    for person in ("P1", "P2"):
        clinic.enrol(person, start_date="2026-01-05")
    clinic.write(tmp_path)
    header = ["Horodateur", "Votre code", "Quelle douleur, de 0 à 10 ?"]
    rows = [
        ["2026/01/04 11:07:29 PM AST", "P1", "5"],
        ["2026/01/04 11:08:29 AM AST", "P2", "4"],
    ]
    folder = tmp_path / "raw" / "riverside" / "google"
    _write(folder, "source.toml", GOOGLE.replace("fixed:2026-03-31", "name:%Y-%m-%d"))
    _write(folder, "2026-02-28.csv", _csv([header, rows[0]]))
    _write(folder, "2026-03-31.csv", _csv([header, *rows]))
    ledger, _ = run_all(tmp_path, date(2026, 3, 31), NOW, with_gate=False)
    assert ledger.problems == []
    with duckdb.connect(str(tmp_path / "warehouse" / "analyst.duckdb"), read_only=True) as opened:
        files = read(opened, "select file_name, rows_accepted, rows_superseded from ops.file where source_id = 'google' order by all")  # fmt: skip
        n_responses = read(opened, "select count(*) as n from staging.survey_response")[0]["n"]
    assert [tuple(file.values()) for file in files] == [("2026-02-28.csv", 0, 1), ("2026-03-31.csv", 2, 0)]  # fmt: skip
    assert n_responses == 2
