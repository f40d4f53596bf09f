"""What `inspect` drafts runs after at most five edited lines: the demo, a wide table with enrolments, REDCap, FHIR, workbooks.

The edits are the documentation of what a draft leaves to a person: nearly always the time zone, and a visit or a code in doubt.
"""

import shutil
from pathlib import Path

import duckdb
import pytest

from flows.steps.ledger import Ledger
from flows.steps.pipeline import ingest_all, run_all
from tests.exports import NOW
from tests.inspected import DEMO_EDITS, draft_into
from tests.real.raw_truth import PORT_CSV, ROOT, SHARED

pytestmark = pytest.mark.slow
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="no example exports; set FOLLOWTHROUGH_SHARED"
)
DEMO = ROOT / "data" / "raw" / "demo"
KIT = SHARED / "format_kit"
FIXED = 'exported_at = "fixed:2026-03-31"'


def run(data: Path) -> Ledger:
    ledger, built = run_all(data, None, NOW, with_gate=False)
    assert ledger.problems == []
    assert built.release_id is not None
    return ledger


def count(data: Path, query: str) -> list[tuple[object, ...]]:
    path = str(data / "warehouse" / "analyst.duckdb")
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute(query).fetchall()


def refused(ledger: Ledger) -> int:
    return sum(int(file["rows_refused"]) for file in ledger.files)


def test_the_demo_runs_on_drafts_alone(tmp_path: Path) -> None:
    """All thirteen sources; what people see is the same as by the mappings that were written by hand."""
    shipped, drafted = tmp_path / "shipped", tmp_path / "drafted"
    shutil.copytree(DEMO, shipped / "raw" / "demo")
    for source, edits in DEMO_EDITS.items():
        folder = drafted / "raw" / "demo" / source
        shutil.copytree(DEMO / source, folder)
        (folder / "source.toml").unlink()
        draft_into(folder, {"source.toml": edits})
    assert len(run(drafted).files) == len(run(shipped).files)
    for query in (
        "select condition, duration_band, count(*) from facts.fct_enrolment group by all order by all",
        "select count(*), round(sum(minutes), 6) from facts.fct_session",
        "select instrument, score_id, count(value) from facts.fct_score group by all order by all",
    ):
        assert count(drafted, query) == count(shipped, query)


# A REDCap project as clinics have it: a sheet of the person at baseline, a survey with its time stamp, a form with a date
# of its own, and a diary as a repeating instrument.
HEADER = (
    "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,diagnosis,start_date,weeks,email,"
    "intake_complete,mood_timestamp,"
    + ",".join(f"phq9_{n}" for n in range(1, 10))
    + ",mood_complete,"
    "worry_date," + ",".join(f"gad7_{n}" for n in range(1, 8)) + ",worry_complete,"
    "session_date,minutes,technique,diary_complete"
)
EVENTS = {"baseline_arm_1": "05", "week_4_arm_1": "02", "late_call_arm_1": "27"}


def redcap_rows(n_people: int = 6) -> list[str]:
    rows = [HEADER]
    for person in range(1, n_people + 1):
        for number, (event, day) in enumerate(EVENTS.items()):
            sheet = f"low_back_pain,2026-01-05,8,p{person}@clinic.test,2" if number == 0 else ",,,,"
            at = f"2026-0{number + 1}-{day}"
            mood = f"{at} 10:0{person}:00," + ",".join(["1"] * 9) + ",2"
            worry = f"{at}," + ",".join(["2"] * 7) + ",2"
            rows.append(f"{person},{event},,,{sheet},{mood},{worry},,,,")
        for day in (7, 9, 12):
            blank = "," * 25
            rows.append(
                f"{person},baseline_arm_1,diary,{day},{blank}2026-01-{day:02},20,kneading,2"
            )
    assert {row.count(",") for row in rows} == {HEADER.count(",")}
    return rows


REDCAP_EDITS = {
    "survey.source.toml": {
        "timezone": 'timezone = "Europe/Berlin"',
        '# "late_call_arm_1"': '"late_call_arm_1" = "WK12"',
    },
    "survey_2.source.toml": {
        '# "late_call_arm_1"': '"late_call_arm_1" = "WK12"',
    },
}


def test_a_longitudinal_redcap_project(tmp_path: Path) -> None:
    """One export, four mappings: enrolments, sessions, and a survey for each form with a time of its own."""
    folder = tmp_path / "raw" / "lakeside" / "project"
    folder.mkdir(parents=True)
    export = folder / "Project_DATA_2026-03-31_0900.csv"
    export.write_text("\n".join(redcap_rows()) + "\n", encoding="utf-8")
    (folder / "Project_DataDictionary_2026-03-31.csv").write_text(
        "Variable / Field Name,Form Name,Field Type\nrecord_id,intake,text\n", encoding="utf-8"
    )
    drafts = draft_into(folder, REDCAP_EDITS)
    names = {
        "survey.source.toml",
        "survey_2.source.toml",
        "enrolment.source.toml",
        "session.source.toml",
    }
    assert drafts.keys() == names
    assert refused(run(tmp_path)) == 0
    assert count(tmp_path, "select count(*) from facts.fct_enrolment") == [(6,)]
    assert count(tmp_path, "select count(*) from facts.fct_session") == [(18,)]
    scores = "select instrument, visit, count(*) from facts.fct_outcome where aval is not null group by all order by all"
    found = {(i, v): n for i, v, n in count(tmp_path, scores)}
    assert {i for i, _ in found} == {"gad7", "phq9"}
    assert found["phq9", "BASELINE"] == found["gad7", "WK4"] == 6


def test_a_workbook_with_two_sheets(tmp_path: Path) -> None:
    """Each sheet is a source of its own, and its draft names it."""
    from openpyxl import Workbook

    folder = tmp_path / "raw" / "hillside" / "office"
    folder.mkdir(parents=True)
    book = Workbook()
    people, visits = book.active, book.create_sheet("Visits")
    assert people is not None
    people.title = "People"
    people.append(["Patient ID", "Diagnosis", "Start date", "Weeks", "Sessions per week"])
    visits.append(["Patient ID", "Visit", "Date", *(f"GAD7_{n}" for n in range(1, 8))])
    for n in range(1, 6):
        people.append([f"P{n:03}", "neck pain", "2026-01-05", 8, 3])
        visits.append([f"P{n:03}", "Baseline", "2026-01-04", *[2] * 7])
        visits.append([f"P{n:03}", "Week 4", "2026-02-02", *[1] * 7])
    book.save(folder / "office_2026-03-31.xlsx")
    drafts = draft_into(folder, {})
    assert drafts.keys() == {"enrolment.source.toml", "survey.source.toml"}
    assert refused(run(tmp_path)) == 0
    assert count(
        tmp_path, "select count(*), sum(value) from facts.fct_score where score_id = 'total'"
    ) == [(10, 105.0)]


GAD7 = [f"gad7_{n}" for n in range(1, 8)]
ASKED = ",".join(GAD7)
IDS = ",".join(f'"{{""ImportId"":""QID{n}""}}"' for n in range(7))
VENDORS = {
    "qualtrics": (
        (
            f"StartDate,EndDate,Status,Finished,ResponseId,ExternalReference,{ASKED}\n"
            f"Start,End,Type,Finished,Id,Reference,{ASKED}\n"
            '"{""ImportId"":""startDate"",""timeZone"":""America/Denver""}",'
            '"{""ImportId"":""endDate"",""timeZone"":""America/Denver""}","{""ImportId"":""status""}",'
            '"{""ImportId"":""finished""}","{""ImportId"":""_recordId""}","{""ImportId"":""externalDataReference""}",'
            f"{IDS}\n2026-01-05 10:00:00,2026-01-05 10:05:00,0,1,R_1,P1,1,1,1,1,1,1,1\n"
            "2026-01-06 10:00:00,2026-01-06 10:05:00,0,1,R_2,P2,2,2,2,2,2,2,2\n"
        ),
        {},
    ),
    "google_forms": (
        (
            f"Timestamp,Your participant number,{','.join(f'GAD7 {n} [over the last two weeks]' for n in range(1, 8))}\n"
            "2026/01/05 10:00:00 AM EST,P1,1,1,1,1,1,1,1\n2026/01/06 11:00:00 AM EST,P2,2,2,2,2,2,2,2\n"
        ),
        {"timezone": 'timezone = "America/New_York"'},
    ),
    "surveymonkey": (
        (
            "Respondent ID,Collector ID,Start Date,End Date,Participant ID,Over the last two weeks,,,,,,\n"
            f",,,,Open-Ended Response,{ASKED}\n"
            "11,7,2026-01-05 10:00:00,2026-01-05 10:05:00,P1,1,1,1,1,1,1,1\n"
            "12,7,2026-01-06 10:00:00,2026-01-06 10:05:00,P2,2,2,2,2,2,2,2\n"
        ),
        {"timezone": 'timezone = "America/New_York"'},
    ),
    "redcap": (
        "Record ID,Event Name,Survey Identifier,Survey Timestamp,"
        + ",".join(f"GAD-7 {n}" for n in range(1, 8))
        + ",Complete?\n1,Baseline,,2026-01-05 10:00:00,1,1,1,1,1,1,1,Complete\n"
        "2,Week 4,,2026-01-06 10:00:00,2,2,2,2,2,2,2,Complete\n",
        {"timezone": 'timezone = "America/New_York"'},
    ),
}


@pytest.mark.parametrize("reader", sorted(VENDORS))
def test_a_survey_of_each_vendor(tmp_path: Path, reader: str) -> None:
    """Whatever the vendor calls its columns: GAD-7, who answered, and when."""
    content, edits = VENDORS[reader]
    folder = tmp_path / "raw" / "lakeside" / "survey"
    folder.mkdir(parents=True)
    (folder / "survey_2026-03-31.csv").write_text(content, encoding="utf-8")
    drafts = draft_into(folder, {"source.toml": edits})
    assert f'reader      = "{reader}"' in drafts["source.toml"]
    (file,) = ingest_all(tmp_path).files
    assert (file["rows_landed"], file["rows_refused"]) == (2, 0)
    landed = duckdb.sql(
        "select list_sum(answers), local_date::varchar from read_parquet($p) order by line",
        params={"p": str(tmp_path / "warehouse/parquet/survey_response/**/*.parquet")},
    ).fetchall()
    assert landed == [(7.0, "2026-01-05"), (14.0, "2026-01-06")]


@needs_shared
@pytest.mark.shared_data
def test_port_wide_survey_and_enrolment(tmp_path: Path) -> None:
    """One wide table without dates: both its drafts run, with the study's own diagnoses in the vocabulary."""
    folder = tmp_path / "raw" / "ieso" / "port"
    folder.mkdir(parents=True)
    shutil.copyfile(PORT_CSV, folder / PORT_CSV.name)
    shutil.copyfile(ROOT / "tests/real/port_cbt/vocabulary.toml", tmp_path / "vocabulary.toml")
    edits = {
        "enrolment.source.toml": {
            "exported_at": FIXED,
            '# "specific_isolated_phobias"': '"specific_isolated_phobias" = "specific_phobia"',
        },
        "survey.source.toml": {
            "exported_at": FIXED,
            'visit   = "BASELINE"': 'visit = "STUDY_BASELINE"',
            'visit   = "TREATMENT_1"': 'visit = "BASELINE"',
        },
    }
    drafts = draft_into(folder, edits)
    assert drafts.keys() == edits.keys()
    assert refused(run(tmp_path)) == 0
    found = count(
        tmp_path,
        "select n_visit, round(visit_mean, 2) from marts.mart_outcome where level = 'all' and condition = 'all'"
        " and instrument = 'gad7' and score_id = 'total' and visit = 'BASELINE' and duration_band = 'all'"
        " and modality = 'all' and arm = 'all' and setting = 'all' and clinic_id = 'all'",
    )
    assert found == [(109, 12.16)]  # as published


@needs_shared
@pytest.mark.shared_data
def test_fhir_and_a_redcap_project_of_the_format_kit(tmp_path: Path) -> None:
    """45 responses recognised by LOINC codes, and pain as measures; REDCap's longitudinal project as enrolments."""
    exports = {
        "ahrq/phq9": KIT / "fhir/fhir_ahrq_phq9_stu3/ahrq-depression-patient-phq9.json",
        "ahrq/pain": KIT / "fhir/synthea_R4_Observation_pain_severity.ndjson",
        "kit/longitudinal": KIT / "redcap_redcapr/inst/test-data/projects/longitudinal/data.csv",
    }
    zone = {"timezone": 'timezone = "UTC"', "exported_at": FIXED}
    edits = {
        "ahrq/phq9": zone,
        "ahrq/pain": zone,
        "kit/longitudinal": {
            "exported_at": FIXED,
            "condition_code": 'condition_code = { value = "other" }',
        },
    }
    for source, export in exports.items():
        folder = tmp_path / "raw" / source
        folder.mkdir(parents=True)
        shutil.copyfile(export, folder / export.name)
        draft_into(folder, {"source.toml": edits[source]})
    rows = {f["table"]: (f["rows_landed"], f["rows_refused"]) for f in run(tmp_path).files}
    n_pain = exports["ahrq/pain"].read_bytes().count(b"\n")
    assert rows["survey"] == (45, 0)
    assert rows["measure"] == (n_pain, 0)
    assert rows["enrolment"][0] > 0
