"""What the golden pairs of SurveyMonkey do not show: evidence, and the names of columns that stretch."""

from pathlib import Path

import pytest

from flows.readers import surveymonkey
from flows.readers.surveymonkey import _name_columns


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        (
            "RespondentID,Worry?\n,Response\n1,2\n",
            "column RespondentID; two rows: the second says where responses stand",
        ),
        ("Respondent ID,Worry?\n1,2\n", "column Respondent ID; one row of questions"),
        ("id,date,minutes\n1,2,3\n", None),
        ("", None),
    ],
)
def test_looks_like(tmp_path: Path, text: str, evidence: str | None) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8")
    assert surveymonkey.looks_like(path) == evidence


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        (("ID", "Q", "", ""), ("", "a", "", "c"), ["ID", "Q - a", "", "Q - c"]),
        (("ID", "Q", "", "R"), ("", "a", "Response", ""), ["ID", "Q - a", "Q", "R"]),
        (("ID", "Q"), ("7", "a"), ["ID", "Q"]),
        (("ID", "Q", ""), ("7", "a", "b"), ["ID", "Q", ""]),  # a row, for it has an id
        (("ID", "Q", "Q"), ("", "a", "b"), ["ID", "Q", "Q"]),  # not known to be a header
        (("Respondent ID", "Q", "Q"), ("", "a", "b"), ["Respondent ID", "Q - a", "Q - b"]),
    ],
)
def test_names(first: tuple[str, ...], second: tuple[str, ...], names: list[str]) -> None:
    assert [name for name, *_ in _name_columns([first, second], None).names] == names
