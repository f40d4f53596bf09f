"""`inspect`: formats by their marks, drafts that run after a few edited lines, no value of a person told."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from flows.steps.inspect_file import inspect_file
from flows.steps.inspect_words import code_of, unit_of, visit_of
from flows.steps.pipeline import ingest_all
from schemas.errors import ExitCode, ExportUnreadable
from schemas.source import read_source
from schemas.vocabulary import read_vocabularies

DEMO = Path(__file__).parents[3] / "data" / "raw" / "demo"

# Demo source -> the lines of its draft that a person edits: key of the line -> what the line becomes.
EDITS: dict[str, dict[str, str]] = {
    "riverside/app": {"timezone": '"America/Los_Angeles"'},
    "riverside/surveys": {"timezone": '"America/Los_Angeles"'},
    "riverside/registry": {"timezone": '"America/Los_Angeles"'},
    "lindenhof/stammdaten": {"timezone": '"Europe/Berlin"'},
    "lindenhof/tagebuch": {"timezone": '"Europe/Berlin"'},
    "lindenhof/fragebogen": {
        "timezone": '"Europe/Berlin"',
        'visit  = "T2"': '"WK4"',
        'visit  = "T3"': '"WK12"',
    },
    "harbour/log": {"timezone": '"Australia/Sydney"'},
    "harbour/checkins": {"timezone": '"Australia/Sydney"'},
    "harbour/programmes": {"timezone": '"Australia/Sydney"'},
    "maplewood/diary": {"timezone": '"America/Toronto"'},
    "maplewood/pauses": {"timezone": '"America/Toronto"'},
    "maplewood/registry": {"timezone": '"America/Toronto"'},
    "maplewood/outcomes": {"timezone": '"America/Toronto"', '"Discharge"': '"WK12"'},
}


def _edited(draft: str, edits: dict[str, str]) -> str:
    lines = draft.splitlines()
    for start, value in edits.items():
        (at,) = [i for i, line in enumerate(lines) if line.startswith(start)]
        lines[at] = f"{lines[at].split('=')[0]}= {value}"
    return "\n".join(lines)


def _counts(data: Path) -> list[dict[str, Any]]:
    ledger = ingest_all(data)
    assert ledger.problems == []
    names = ("file_name", "table", "rows_read", "rows_landed", "rows_refused", "rows_ignored")
    told = [{name: file[name] for name in names} for file in ledger.files]
    landed = [
        {t: n for t, n in file["landed_rows"].items() if t != "refused"} for file in ledger.files
    ]
    return [one | {"landed": rows} for one, rows in zip(told, landed, strict=True)]


@pytest.mark.parametrize("source", sorted(EDITS))
def test_the_draft_of_a_demo_source_runs_after_a_few_edits(source: str, tmp_path: Path) -> None:
    """At most five edited lines, and the same rows land as by the mapping that was written by hand."""
    shipped, drafted = tmp_path / "shipped", tmp_path / "drafted"
    for data in (shipped, drafted):
        shutil.copytree(DEMO / source, data / "raw" / source)
    mapping = drafted / "raw" / source / "source.toml"
    mapping.unlink()
    (told,) = inspect_file(mapping.parent)["files"]
    assert told["draft"]["name"] == "source.toml"
    assert len(EDITS[source]) <= 5
    mapping.write_text(_edited(told["draft"]["text"], EDITS[source]), encoding="utf-8")
    assert _counts(drafted) == _counts(shipped)


def test_every_demo_source_is_tried() -> None:
    """A new demo source needs its line here."""
    found = {p.parent.relative_to(DEMO).as_posix() for p in DEMO.rglob("*source.toml")}
    assert found == set(EDITS)


def _file(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


QUALTRICS = (
    "StartDate,EndDate,Status,IPAddress,ResponseId,Q1\nStart,Ende,Typ,IP,Id,Frage\n"
    + ",".join('"{""ImportId"":""x""}"' for _ in range(6))
    + "\n2017-07-18 08:28:09,2017-07-18 08:28:48,0,10.0.0.1,R_1,3\n"
)
FHIR = '{"resourceType":"QuestionnaireResponse","item":[' + ",".join(
    f'{{"linkId":"PHQ9.{n}"}}' for n in range(1, 10)
)
MARKS = [
    ("a.csv", "record_id,redcap_event_name,gad7_1\n1,baseline_arm_1,2\n", "redcap"),
    ("a.csv", "record_id,consent___1,prescreening_complete\n1,1,2\n", "redcap"),
    ("a.csv", "Variable / Field Name,Form Name\nage,x\n", "redcap_dictionary"),
    ("a.csv", QUALTRICS, "qualtrics"),
    ("a.csv", "V1,V8,Q1\nResponseID,StartDate,How?\nR_1,2017-07-18,2\n", "csv"),
    ("a.csv", "V1,V8,V9,Q1\nResponseID,StartDate,EndDate,How?\nR_1,x,y,2\n", "qualtrics"),
    ("a.csv", "RespondentID,Which?,,\n,A,B,C\n1,A,,\n", "surveymonkey"),
    ("a.csv", "Horodateur,Comment va le dos ?\n2022/06/22 11:07:29 AM,4\n", "google_forms"),
    ("a.ndjson", FHIR + "]}\n" + FHIR + "]}\n", "fhir"),
    ("a.json", FHIR.replace("{", "{\n", 1) + "]}\n", "fhir"),
    ("a.json", '[{"id":1,"start":"2025-01-01T10:00:00Z"}]', "jsonl"),
    ("a.csv", "id,pain\n1,2\n", "csv"),
]


@pytest.mark.parametrize(("name", "content", "expected"), MARKS)
def test_formats_are_known_by_their_marks(
    tmp_path: Path, name: str, content: str, expected: str
) -> None:
    """Also those that have no reader; and every draft parses."""
    told = inspect_file(_file(tmp_path, name, content))
    (one,) = told["files"]
    assert one["format"] == expected
    drafted = _file(tmp_path, "source.toml", one["draft"]["text"])
    assert read_source(drafted).mapping.reader == expected
    if not one["reader_exists"]:
        assert any("this version has none" in line for line in told["lines"])
    json.dumps(told)


def test_a_workbook_is_recognised(tmp_path: Path) -> None:
    """By what is inside the archive, not by its name."""
    path = tmp_path / "export.dat"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    assert inspect_file(path)["files"][0]["format"] == "xlsx"


def test_fhir_questionnaires_by_link_id_and_loinc(tmp_path: Path) -> None:
    """linkIds such as PHQ9.1, or the code of the panel."""
    path = _file(tmp_path, "a.ndjson", FHIR + "]}\n")
    assert inspect_file(path)["files"][0]["questionnaires"] == ["phq9 (version 9): 9 of 9 items"]
    coded = '{"resourceType":"QuestionnaireResponse","item":[{"linkId":"/69725-0"}]}\n'
    path = _file(tmp_path, "b.ndjson", coded)
    assert inspect_file(path)["files"][0]["questionnaires"] == [
        "gad7 (version 7): by its LOINC code"
    ]


def test_people_are_suspected_but_never_shown(tmp_path: Path) -> None:
    """By the column's name, or by what the cells look like; the cells themselves stay unseen."""
    rows = [
        f"P{n:03},jane.doe{n}@clinic.test,10.1.2.{n},+49 351 44{n:04},{first} {last},1970-01-{n:02},4,said to be {n}"
        for n, (first, last) in enumerate(
            [(f"{a}na", f"M{b}ller") for a in "ABCDEF" for b in "aeiou"][:28], 1
        )
    ]
    header = "Patient ID,contact,net,call,who,dob,Pain before,remarks"
    path = _file(tmp_path, "a.csv", "\n".join([header, *rows]))
    told = inspect_file(path)
    kinds = {found["column"]: found["kind"] for found in told["files"][0]["identifiers"]}
    assert kinds == {
        "contact": "e-mail",
        "net": "IP address",
        "call": "phone",
        "who": "name",
        "dob": "birth date",
    }
    everything = json.dumps(told)
    for secret in ("jane.doe", "10.1.2.", "+49", "Mller", "1970-01", "said to be", "P001"):
        assert secret not in everything


def test_contradictory_dates_are_told_and_not_settled(tmp_path: Path) -> None:
    """The receipt counts; the draft leaves date_order out, so that a run refuses the file."""
    rows = ["P1,25/12/2025,10", "P2,12/25/2025,10", "P3,01/02/2025,10"]
    path = _file(tmp_path, "a.csv", "\n".join(["Patient ID,Date,Minutes", *rows]))
    (one,) = inspect_file(path)["files"]
    assert one["receipt"]["date order"].startswith("not settled: contradictory: 1 rows can only")
    assert "date_order" not in one["draft"]["text"]


def test_numbers_that_are_times_get_their_unit(tmp_path: Path) -> None:
    """Milliseconds since 1970, as apps write them."""
    path = _file(tmp_path, "a.jsonl", '{"user":1,"start":1647169179973,"duration_s":600}\n')
    text = inspect_file(path)["files"][0]["draft"]["text"]
    assert '{ column = "start", unit = "epoch_ms" }' in text
    assert '{ column = "duration_s", unit = "s" }' in text


def test_answers_in_words_and_partial_items(tmp_path: Path) -> None:
    """Words without a known figure are left as comments, so they are refused until a person gives one."""
    header = "id,date," + ",".join(f"peg_{n}" for n in (1, 2)) + ",gad7_total"
    path = _file(tmp_path, "a.csv", f"{header}\nP1,2025-01-31,mild,severe,12\n")
    text = inspect_file(path)["files"][0]["draft"]["text"]
    assert '# "mild" =   # check: the figure' in text
    assert "# check: items are missing" in text
    assert 'scores   = { total = "gad7_total" }' in text


def test_guesses_are_marked(tmp_path: Path) -> None:
    """Encoding and quote that the bytes do not settle are filled in, and named as guesses."""
    path = _file(
        tmp_path, "a.csv", "Patient ID;Datum;note\nP1;01.02.2025;'Rücken'\n".encode("cp1252")
    )
    (one,) = inspect_file(path)["files"]
    assert one["guesses"]["encoding"] == "cp1252"
    assert 'encoding    = "cp1252"  # check: a guess' in one["draft"]["text"]


def test_a_folder_gets_one_draft_per_kind(tmp_path: Path) -> None:
    """Files with the same header are one kind; two kinds in a folder need a name each."""
    for day in (1, 2):
        _file(
            tmp_path,
            f"sessions_2026-01-0{day}.csv",
            "Patient ID,Start,Minutes\nP1,2026-01-01 10:00,5\n",
        )
    _file(tmp_path, "pauses_2026-01-01.csv", "Patient ID,From,To\nP1,2026-01-01,2026-01-02\n")
    _file(tmp_path, "broken.csv", b"id,pain\nP1,4\nP2,\x007\n")
    _file(tmp_path, "readme.md", "no export")
    told = inspect_file(tmp_path)
    names = {one["draft"]["name"]: one["n_files"] for one in told["files"]}
    assert names == {"pauses.source.toml": 1, "sessions.source.toml": 2}
    texts = [one["draft"]["text"] for one in told["files"]]
    assert 'files       = "pauses_*.csv"' in texts[0]
    assert 'files       = "sessions_*.csv"' in texts[1]
    assert len(told["problems"]) == 1
    assert "NUL" in told["problems"][0]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"\xd0\xcf\x11\xe0 old workbook", "binary file"),
        ("a.csv", b"\x89PNG...", "binary file"),
        ("a.csv", b"id,pain\nP1,\x004\n", "NUL byte"),
        ("a.xml", b'<?xml version="1.0"?><ODM/>', "XML or HTML"),
        ("a.xlsx", b"PK\x03\x04 damaged", "damaged zip"),
        ("a.json", b'[{"a": 1},', "not one valid JSON array"),
        ("a.json", b"{not json}\n", "holds no JSON object"),
        ("a.csv", b'id,note\nP1,5" scar\n', "quote in the middle"),
    ],
)
def test_what_is_no_export_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    """Exit 12, with a reason and what to do."""
    with pytest.raises(ExportUnreadable, match=message) as refusal:
        inspect_file(_file(tmp_path, name, content))
    assert refusal.value.exit_code == ExitCode.EXPORT_UNREADABLE


def test_no_such_file_and_no_export_in_a_folder(tmp_path: Path) -> None:
    """Two messages, each with the next move."""
    with pytest.raises(ExportUnreadable, match="no such file or folder"):
        inspect_file(tmp_path / "none.csv")
    with pytest.raises(ExportUnreadable, match="no export found"):
        inspect_file(tmp_path)


@pytest.mark.parametrize(
    ("label", "visit"),
    [
        ("baseline_arm_1", "BASELINE"),
        ("week_4_arm_2", "WK4"),
        ("Woche 8", "WK8"),
        ("12 weeks", "WK12"),
        ("_wk2", "WK2"),
        ("One week", "FU1W"),
        ("6 months", "WK26"),
        ("Six months", "WK26"),
        ("End of program", "EOP"),
        ("Visit 7", None),
    ],
)
def test_visits_by_their_labels(label: str, visit: str | None) -> None:
    """A label without a clear meaning keeps its own name."""
    assert visit_of(label) == visit


def test_codes_and_units_by_their_words() -> None:
    """ICD-10 by its first characters; a word in doubt is not guessed."""
    conditions = read_vocabularies()["condition"]
    assert code_of("M54.59", "condition", conditions) == "low_back_pain"
    assert code_of("Kreuzschmerzen", "condition", conditions) == "low_back_pain"
    assert code_of("Finished?", "session_status", read_vocabularies()["session_status"]) is None
    assert [unit_of(name) for name in ("duration_ms", "Dauer (s)", "Share %", "Minutes")] == [
        "ms", "s", "percent", None,
    ]  # fmt: skip
