"""Every file of the shared format kit through `inspect`: the right format, or the reason why it is no export.

The table is the expectation, by folder and name; a file that it does not name fails the test.
"""

import fnmatch
from pathlib import Path

import pytest

from flows.steps.inspect_file import inspect_file
from schemas.errors import ExitCode, ExportUnreadable
from tests.real.raw_truth import SHARED

KIT = SHARED / "format_kit"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.shared_data,
    pytest.mark.skipif(not KIT.is_dir(), reason="no format kit; set FOLLOWTHROUGH_SHARED"),
]
DICTIONARY = "not an export: a REDCap data dictionary"
TEXT = "not an export: text in lines that no delimiter cuts into columns"
# Pattern of the path in the kit -> format, or what the refusal says; the first that fits counts.
EXPECTED = {
    "*/empty-rows/data.csv": "no header could be read",
    "*/potentially-problematic-dictionary/data.csv": "no header could be read",
    "*/single-column/data.csv": "no header could be read",
    "*/data.csv": "redcap",
    "*/data-old.csv": "redcap",
    "*_Records.csv": "redcap",
    "*/dictiona*.csv": DICTIONARY,
    "*/metadata.csv": DICTIONARY,
    "*_DataDictionary.csv": DICTIONARY,
    "qualtrics_*.csv": "qualtrics",
    "surveymonkey_*.csv": "surveymonkey",
    "fhir/*pat*.json": "fhir",
    "fhir/*QuestionnaireResponse*.json": "fhir",
    "fhir/*.ndjson": "fhir",
    "fhir/lforms_*.json": "not an export: FHIR Questionnaire, a definition without answers",
    "*.xlsx": "xlsx",
    "*.xls": "is a workbook of the old form",
    "*.qsf": "not an export: a Qualtrics survey definition",
    "*.xml": "not an export: a CDISC ODM project as XML",
    "*.md": TEXT,
    "*.txt": TEXT,
    "*/DESCRIPTION": TEXT,
    "*/LICENSE": TEXT,
}  # fmt: skip
LISTS = {
    "arm.csv": "arms", "event.csv": "events", "TestRedcapAPI_Arms.csv": "arms", "TestRedcapAPI_Events.csv": "events",
    "TestRedcapAPI_DAGs.csv": "data access groups", "TestRedcapAPI_UserDAG.csv": "users",
    "TestRedcapAPI_InstrumentDesignations.csv": "instrument designations", "TestRedcapAPI_Users.csv": "users",
    "TestRedcapAPI_UserRoles.csv": "user roles", "TestRedcapAPI_UserRoleAssignments.csv": "user roles",
}  # fmt: skip


def expected(name: str) -> str | None:
    if what := LISTS.get(Path(name).name):
        return f"not an export: REDCap's list of {what}"
    return next((told for glob, told in EXPECTED.items() if fnmatch.fnmatch(name, glob)), None)


def seen(path: Path) -> str:
    """The format of a file, or its refusal; a draft of each table that it fills is a mapping (or it would not be told)."""
    try:
        (one, *_) = inspect_file(path)["files"]
    except ExportUnreadable as refusal:
        assert refusal.exit_code == ExitCode.EXPORT_UNREADABLE
        return refusal.message
    assert one["why_format"]
    return str(one["format"])


def test_every_file_of_the_kit() -> None:
    wrong = []
    for path in sorted(p for p in KIT.rglob("*") if p.is_file()):
        name = path.relative_to(KIT).as_posix()
        told, found = expected(name), seen(path)
        if told is None or told not in found:
            wrong.append(f"{name}: expected {told}, found {found}")
    assert wrong == []


def test_the_identifiers_of_real_exports_are_suspected_and_not_shown() -> None:
    """Names, phones, mail, addresses on the net, dates of birth, degrees: told by column, never by value."""
    redcap = KIT / "redcap_redcapr/inst/test-data/projects/longitudinal/data.csv"
    told = inspect_file(redcap)
    kinds = {one["column"]: one["kind"] for one in told["files"][0]["identifiers"]}
    assert kinds["first_name"] == kinds["last_name"] == "name"
    assert (kinds["telephone_1"], kinds["email"], kinds["dob"]) == ("phone", "e-mail", "birth date")
    assert "gmail" not in "\n".join(told["lines"])
    qualtrics = inspect_file(KIT / "qualtrics_ropensci/inst/extdata/sample.csv")
    kinds = {one["column"]: one["kind"] for one in qualtrics["files"][0]["identifiers"]}
    assert kinds["IPAddress"] == "IP address"
    assert kinds["LocationLatitude"] == kinds["LocationLongitude"] == "coordinates"


def test_a_folder_of_redcap_gives_one_draft() -> None:
    """Dictionary, events, arms and project file are left out, and not covered by the glob."""
    told = inspect_file(KIT / "redcap_redcapr/inst/test-data/projects/longitudinal")
    (one,) = told["files"]
    assert 'files       = "data*.csv"' in one["drafts"][0]["text"]
    assert len(told["left_out"]) == 4
