"""Every sample of the survey vendors in the shared format kit: read, with as many records as the file holds, or refused.

The table is the expectation; the number of records is counted again by the standard library.
"""

import csv
import os
from pathlib import Path

import pytest

from flows.readers import READERS
from schemas.errors import ExportUnreadable
from schemas.source import Dialect

SHARED = Path(os.environ.get("FOLLOWTHROUGH_SHARED", Path(__file__).parents[3] / "shared"))
KIT = SHARED / "data" / "format_kit"
DICTIONARY = "is a REDCap data dictionary, which is read beside its export and never as one"
EMPTY = "no header could be read; the file is empty"
ENCODING = 'declare it under [dialect], for example encoding = "cp1252"'
N_HEADERS = {"the third row holds ImportIds": 3, "a legacy export": 2, "two rows": 2, "one row": 1}

# Reader, folder -> file -> records read and records ignored (other instruments, blank; previews and tests), or the refusal.
# The surveys of qualtrics_tools hold generated test responses only (Status 2).
SAMPLES: dict[tuple[str, str], dict[str, tuple[int, int] | str]] = {
    ("redcap", "redcap_redcapapi/inst/extdata"): {
        "data.csv": (23, 1),
        "metadata.csv": DICTIONARY,
        "offlineConnectionFiles/TestRedcapAPI_Arms.csv": (2, 0),
        "offlineConnectionFiles/TestRedcapAPI_DAGs.csv": (2, 0),
        "offlineConnectionFiles/TestRedcapAPI_DataDictionary.csv": DICTIONARY,
        "offlineConnectionFiles/TestRedcapAPI_Events.csv": (2, 0),
        "offlineConnectionFiles/TestRedcapAPI_InstrumentDesignations.csv": (11, 0),
        "offlineConnectionFiles/TestRedcapAPI_Records.csv": (21, 20),
        "offlineConnectionFiles/TestRedcapAPI_UserDAG.csv": (1, 0),
        "offlineConnectionFiles/TestRedcapAPI_UserRoleAssignments.csv": (0, 1),
        "offlineConnectionFiles/TestRedcapAPI_UserRoles.csv": (0, 0),
        "offlineConnectionFiles/TestRedcapAPI_Users.csv": (1, 0),
    },
    ("redcap", "redcap_redcapr/inst/test-data/projects"): {
        "arm-multiple-delete/arm.csv": (3, 0),
        "arm-multiple-delete/data-old.csv": (56, 0),
        "arm-multiple-delete/data.csv": (60, 0),
        "arm-multiple-delete/dictionary.csv": DICTIONARY,
        "arm-multiple-delete/event.csv": (3, 0),
        "arm-single-delete/data-old.csv": (16, 0),
        "arm-single-delete/data.csv": (20, 0),
        "arm-single-delete/dictionary.csv": DICTIONARY,
        "arm-single-longitudinal/arm.csv": (1, 0),
        "arm-single-longitudinal/data.csv": (9, 0),
        "arm-single-longitudinal/dictionary.csv": DICTIONARY,
        "arm-single-longitudinal/event.csv": (3, 0),
        "blank-for-gray-status/data.csv": (6, 0),
        "blank-for-gray-status/dictionary.csv": DICTIONARY,
        "checkboxes-1/data.csv": (3, 1),
        "checkboxes-1/dictionary.csv": DICTIONARY,
        "clinical-trial-1/data.csv": (500, 0),
        "clinical-trial-1/dictionary.csv": DICTIONARY,
        "dag/data.csv": (3, 0),
        "dag/dictionary.csv": DICTIONARY,
        "dag-write/data.csv": (3, 0),
        "dag-write/dictionary.csv": DICTIONARY,
        "decimal-comma/data.csv": (4, 0),
        "decimal-comma/dictionay.csv": DICTIONARY,
        "decimal-comma-and-dot/data.csv": (4, 0),
        "decimal-comma-and-dot/dictionary.csv": DICTIONARY,
        "decimal-comma-and-dot/metadata.csv": DICTIONARY,
        "decimal-dot/data.csv": (4, 0),
        "decimal-dot/dictionary.csv": DICTIONARY,
        "empty-rows/data.csv": EMPTY,
        "empty-rows/dictionary.csv": DICTIONARY,
        "file-repo/data.csv": (2, 0),
        "file-repo/dictionary.csv": DICTIONARY,
        "longitudinal/arm.csv": (2, 0),
        "longitudinal/data.csv": (16, 2),
        "longitudinal/dictionary.csv": DICTIONARY,
        "longitudinal/event.csv": (12, 0),
        "metadata-write/data.csv": (5, 0),
        "metadata-write/dictionary.csv": DICTIONARY,
        "multilevel-model-1/data.csv": (220, 0),
        "multilevel-model-1/dictionary.csv": DICTIONARY,
        "nonnumeric-record-id/data.csv": (3, 0),
        "nonnumeric-record-id/dictionary.csv": DICTIONARY,
        "potentially-problematic-dictionary/data.csv": EMPTY,
        "potentially-problematic-dictionary/dictionary.csv": DICTIONARY,
        "potentially-problematic-values/data.csv": (2, 0),
        "potentially-problematic-values/dictionary.csv": DICTIONARY,
        "repeating-instruments/data.csv": (6, 0),
        "repeating-instruments/dictionary.csv": DICTIONARY,
        "repeating-instruments-sparse/data.csv": (9, 0),
        "repeating-instruments-sparse/dictionary.csv": DICTIONARY,
        "simple/data.csv": (5, 0),
        "simple/dictionary.csv": DICTIONARY,
        "simple/metadata.csv": DICTIONARY,
        "single-column/data.csv": EMPTY,
        "single-column/dictionary.csv": DICTIONARY,
        "survey/data.csv": (2, 0),
        "survey/dictionary.csv": DICTIONARY,
        "validation-types-1/data.csv": (0, 1),
        "validation-types-1/dictionary.csv": DICTIONARY,
        "vignette-repeating/data.csv": (17, 0),
        "vignette-repeating/dictionary.csv": DICTIONARY,
    },
    ("qualtrics", "qualtrics_ropensci/inst/extdata"): {
        "sample.csv": (1, 0),
        "sample_legacy.csv": (1, 0),
    },
    ("qualtrics", "qualtrics_tools/data/Sample Surveys"): {
        "Better Sample Survey/Better_Sample_Survey.csv": (0, 10),
        "Comment Coding/Test_Survey_for_Coded_Comments.csv": (0, 10),
        "Long Exhaustive Sample Survey/Long_Exhaustive_Sample_Survey.csv": (0, 31),
        "Many Different Question Types/Sample_Survey (Insights).csv": (0, 5),
        "Many Different Question Types/Sample_Survey.csv": (0, 5),
        "Matrix Single Answer Survey/Matrix_Single_Answer_Testing.csv": (0, 5),
        "Multiple Answer Matrix Questions/Multiple_Answer_Matrix_Questions (Insights).csv": (0, 5),
        "Multiple Answer Matrix Questions/Multiple_Answer_Matrix_Questions.csv": (0, 5),
        "Multiple Answer Multiple Choices Questions/Multiple_Answer_MC_Questions (Insights).csv": (0, 5),
        "Multiple Answer Multiple Choices Questions/Multiple_Answer_MC_Questions.csv": (0, 5),
        "No Basis for Evaluation/No_Basis_for_Evaluation (Insights).csv": (0, 15),
        "No Basis for Evaluation/No_Basis_for_Evaluation (Legacy).csv": (0, 15),
        "Sample Survey/Sample_Survey.csv": (0, 5),
        "Side-by-Side Questions/SidebySide_Questions (Insights).csv": (0, 25),
        "Side-by-Side Questions/SidebySide_Questions (Legacy).csv": (0, 25),
        "Single Answer Matrix Questions/Single_Answer_Matrix_Questions (Insights).csv": (0, 5),
        "Single Answer Matrix Questions/Single_Answer_Matrix_Questions.csv": (0, 5),
        "Single Answer Multiple Choice Questions/Single_Answer_MC_Questions (Insights).csv": (0, 5),
        "Single Answer Multiple Choice Questions/Single_Answer_MC_Questions.csv": (0, 5),
        "Survey Logic/Survey_Logic_EVERYWHERE.csv": (0, 10),
        "Test Getting Choice Text from Response Columns/Choice_Text_from_Response_Columns.csv": (0, 5),
        "Text Entry Components/Questions_with_Text_Entry_Components.csv": (0, 15),
        "User Notes Survey/Notes_Survey.csv": (0, 5),
    },
    ("surveymonkey", "surveymonkey_538"): {
        "star-wars-survey__StarWars.csv": ENCODING,
        "thanksgiving-2015__thanksgiving-2015-poll-data.csv": (1058, 0),
    },
}  # fmt: skip
CASES = [
    (reader, KIT / folder / name, told)
    for (reader, folder), files in SAMPLES.items()
    for name, told in files.items()
]
pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not KIT.is_dir(), reason="no format kit; set FOLLOWTHROUGH_SHARED"),
]


def _read(reader: str, path: Path, dialect: Dialect) -> tuple[int, int, int]:
    """Records read, ignored, and rows of header; every column that one name tells is asked for."""
    table = READERS[reader](path, dialect, ())
    assert table.columns is not None
    names = tuple(n for n in table.columns if f"{n} [2]" not in table.columns)
    batches = list(table.batches(names))
    assert not any(batch.broken.height for batch in batches)
    told = table.receipt["header"]
    n_headers = next(n for words, n in N_HEADERS.items() if words in told)
    return (
        sum(batch.frame.height for batch in batches),
        sum(batch.n_ignored for batch in batches),
        n_headers,
    )


def _n_records(path: Path, encoding: str = "utf-8-sig") -> int:
    with path.open(encoding=encoding, newline="") as file:
        return sum(1 for _ in csv.reader(file))  # a blank line is a record that is ignored


@pytest.mark.parametrize(
    ("reader", "path", "told"), CASES, ids=[p.relative_to(KIT).as_posix() for _, p, _ in CASES]
)
def test_sample_is_read_or_refused(reader: str, path: Path, told: tuple[int, int] | str) -> None:
    if isinstance(told, str):
        with pytest.raises(ExportUnreadable) as refusal:
            _read(reader, path, Dialect())
        assert told in refusal.value.message
    else:
        n_read, n_ignored, n_headers = _read(reader, path, Dialect())
        assert (n_read, n_ignored) == told
        assert n_read + n_ignored == _n_records(path) - n_headers


def test_star_wars_with_its_encoding_declared() -> None:
    path = KIT / "surveymonkey_538" / "star-wars-survey__StarWars.csv"
    assert _read("surveymonkey", path, Dialect(encoding="mac_roman")) == (1186, 0, 2)
    assert _n_records(path, "mac_roman") == 1188


def test_every_sample_is_in_the_table() -> None:
    folders = [KIT / folder for _, folder in SAMPLES]
    assert {path for folder in folders for path in folder.rglob("*.csv")} == {
        p for _, p, _ in CASES
    }
