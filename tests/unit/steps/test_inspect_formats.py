"""`inspect` tells formats by what stands in a file, says so where its name misleads, and refuses what is no export."""

import json
import os
import zipfile
from pathlib import Path

import pytest

from flows.steps import inspect_safe
from flows.steps.inspect_file import inspect_file
from schemas.errors import ExitCode, ExportUnreadable
from schemas.source import read_source
from tests.workbooks import sheet_of, write_workbook


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
    ("a.csv", QUALTRICS, "qualtrics"),
    ("a.csv", "V1,V8,Q1\nid,when,how\n1,2,3\n", "csv"),
    (
        "a.csv",
        "V1,V5,V8,V9,Q1\nResponseID,IPAddress,StartDate,EndDate,How?\nR_1,x,x,y,2\n",
        "qualtrics",
    ),
    ("a.csv", "RespondentID,Which?,,\n,A,B,C\n1,A,,\n", "surveymonkey"),
    ("a.csv", "Horodateur,Comment va le dos ?\n2022/06/22 11:07:29 AM,4\n", "google_forms"),
    ("a.ndjson", FHIR + "]}\n" + FHIR + "]}\n", "fhir"),
    ("a.json", FHIR.replace("{", "{\n", 1) + "]}\n", "fhir"),
    ("a.json", '[{"id":1,"start":"2025-01-01T10:00:00Z"}]', "jsonl"),
    ("a.csv", "id,pain\n1,2\n", "csv"),
    (
        "a.csv",
        "StartDate,EndDate,Finished,ResponseId,gad7_1\n2017-07-18,2017-07-18,1,R_1,2\n",
        "qualtrics",
    ),
    ("a.csv", "Pieczatka,Jak sie czujesz dzis?\n2022/06/22 11:07:29 AM EET,4\n", "google_forms"),
    ("a.csv", "id,treatment_complete\nP1,partly\n", "csv"),
    (
        "a.json",
        '{"resourceType":"Bundle","type":"collection","entry":[{"resource":' + FHIR + "]}}]}",
        "fhir",
    ),
    ("a.json", "[" + FHIR + "]}]", "fhir"),
    ("a.json", FHIR + "]}", "fhir"),
]


@pytest.mark.parametrize(("name", "content", "expected"), MARKS)
def test_formats_are_known_by_their_marks(
    tmp_path: Path, name: str, content: str, expected: str
) -> None:
    """And every draft is a mapping, once its zone is given."""
    told = inspect_file(_file(tmp_path, name, content))
    (one,) = told["files"]
    assert one["format"] == expected
    drafted = _file(tmp_path, "source.toml", one["drafts"][0]["text"].replace('"?"', '"UTC"'))
    assert read_source(drafted).mapping.reader == expected
    json.dumps(told)


def test_fhir_questionnaires_by_link_id_and_loinc(tmp_path: Path) -> None:
    """linkIds such as PHQ9.1, or the code of the panel."""
    path = _file(tmp_path, "a.ndjson", FHIR + "]}\n")
    assert inspect_file(path)["files"][0]["questionnaires"] == ["phq9 (version 9): 9 of 9 items"]
    coded = '{"resourceType":"QuestionnaireResponse","item":[{"linkId":"/69725-0"}]}\n'
    path = _file(tmp_path, "b.ndjson", coded)
    assert inspect_file(path)["files"][0]["questionnaires"] == [
        "gad7 (version 7): by its LOINC code"
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "old form"),
        ("a.csv", b"\x89PNG...", "not an export: a picture"),
        ("a.csv", b"id,pain\nP1,\x004\n", "NUL byte"),
        ("a.xml", b'<?xml version="1.0"?><ODM/>', "not an export: a CDISC ODM project"),
        ("a.xlsx", b"PK\x03\x04 damaged", "damaged workbook"),
        ("a.json", b'[{"a": 1},', "not one whole JSON document"),
        ("a.json", b"{not json}\n", "not one whole JSON document"),
        ("a.csv", b'id,note\nP1,5" scar\n', "quote in the middle"),
        (
            "a.txt",
            b"Dear all,\nplease find below, as promised, the list.\nBest\nK.\n",
            "no delimiter cuts",
        ),
        (
            "a.csv",
            b"Variable / Field Name,Form Name,Field Type\nage,x,text\n",
            "not an export: a REDCap data dictionary",
        ),
        ("a.csv", b"arm_num,name\n1,A\n", "not an export: REDCap's list of arms"),
        ("a.json", b'{"resourceType":"Questionnaire","item":[]}', "a definition without answers"),
        (
            "a.qsf",
            b'{"SurveyEntry":{},"SurveyElements":[]}',
            "not an export: a Qualtrics survey definition",
        ),
        ("a.html", b"<!DOCTYPE html><html></html>", "not an export: a web page"),
        ("a.json", b"[1, 2]", "holds no JSON object"),
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
    ("name", "content", "told"),
    [
        ("a.json", "id,pain\nP1,4\nP2,5\n", "its content is delimited text"),
        ("a.csv", '{"id": 1, "pain": 3}\n', "its content is JSON"),
        ("a", "id,pain\nP1,4\nP2,5\n", "its name has no ending"),
    ],
)
def test_a_misleading_name_is_told(tmp_path: Path, name: str, content: str, told: str) -> None:
    """The content decides; the glob of the draft still goes by the name."""
    found = inspect_file(_file(tmp_path, name, content))
    assert any(line.startswith("misnamed: ") and told in line for line in found["lines"])
    assert f'files       = "{"*" + Path(name).suffix}"' in found["files"][0]["drafts"][0]["text"]


def _sheet(rows: list[list[str]]) -> str:
    cells = ("".join(f'<c t="str"><v>{cell}</v></c>' for cell in row) for row in rows)
    return sheet_of("".join(f"<row>{row}</row>" for row in cells))


def test_a_workbook_is_told_by_its_content(tmp_path: Path) -> None:
    """Whatever it is called; its one sheet needs no declaring."""
    rows = [["Patient ID", "Date", "Minutes"], ["P1", "2026-01-05", "5"], ["P2", "2026-01-06", "9"]]
    told = inspect_file(write_workbook(tmp_path / "export.dat", {"Log": _sheet(rows)}))["files"][0]
    assert (told["format"], told["table"], told["participant"]) == ("xlsx", "session", "Patient ID")
    assert "its content is a workbook" in told["misnamed"]
    assert "sheet" not in told["drafts"][0]["text"]


def test_what_is_no_plain_file_is_not_opened(tmp_path: Path) -> None:
    """Reading a pipe would never end."""
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(ExportUnreadable, match="is a named pipe, not a file"):
        inspect_file(tmp_path / "pipe.csv")
    (tmp_path / "nowhere.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(ExportUnreadable, match="a link that leads nowhere"):
        inspect_file(tmp_path / "nowhere.csv")


def test_a_zip_bomb_is_refused_as_by_the_reader(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (64 << 20))
    with pytest.raises(ExportUnreadable, match="which no export does"):
        inspect_file(tmp_path / "bomb.xlsx")


def test_a_line_without_end_is_refused_from_its_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the beginning is read, however long the file is."""
    monkeypatch.setattr(inspect_safe, "LOOK_BYTES", 1 << 20)
    path = _file(tmp_path, "a.csv", "id;pain\n" + "P1;2," * (1 << 19))
    with path.open("r+b") as file:
        file.truncate(5 << 30)  # holes: no byte of them is on the disk
    with pytest.raises(ExportUnreadable, match=r"no delimiter cuts|longer than|NUL"):
        inspect_file(path)
    path = _file(tmp_path, "b.jsonl", '{"id": "' + "x" * (2 << 20))
    with pytest.raises(ExportUnreadable, match="not one whole JSON document"):
        inspect_file(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_of_a_long_file_the_beginning_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    """Whole lines of it, and no line break inside quotes ends one; the receipt says how much."""
    monkeypatch.setattr(inspect_safe, "LOOK_BYTES", 1 << 15)
    rows = [f'P{n:04},2026-01-05,5,"ä note\nover two lines"\n' for n in range(3000)]
    text = "Patient ID,Date,Minutes,Note\n" + "".join(rows)
    path = _file(tmp_path, "a.csv", text.encode(encoding))
    told = inspect_file(path)["files"][0]
    assert told["file"] == str(path)
    assert 0 < told["rows_seen"] < 3000
    assert "what follows was not looked at" in told["receipt"]["looked at"]
