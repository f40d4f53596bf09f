"""What the golden pairs of Qualtrics do not show: evidence, and which states and zones are which."""

from pathlib import Path

import polars as pl
import pytest

from flows.readers import qualtrics
from flows.readers.qualtrics import _is_no_response, _same_clock

IDS = '"{""ImportId"":""startDate""}","{""ImportId"":""QID1""}"'


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        (f"StartDate,Q1\nBeginn,Frage\n{IDS}\n1,2\n", "the third row holds ImportIds"),
        (
            "V1,V8,V9,Q1\nResponseID,StartDate,EndDate,Status\na,b,c,d\n",
            "a legacy export: the second row names ResponseID, StartDate",
        ),
        (
            "StartDate,EndDate,Status,ResponseId\n1,2,3,4\n",
            "columns StartDate, EndDate, ResponseId",
        ),
        ("id,date,minutes\n1,2,3\n", None),
        ("", None),
    ],
)
def test_looks_like(tmp_path: Path, text: str, evidence: str | None) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8")
    assert qualtrics.looks_like(path) == evidence


@pytest.mark.parametrize(
    ("status", "is_none"),
    [("0", False), ("1", True), ("2", True), ("4", False), ("8", True), ("9", True), ("12", True), ("16", False),
     ("17", True), ("32", False), ("40", True), ("IP Address", False), ("Survey Preview", True), ("Spam", True),
     ("Aperçu de l'enquête", True), ("Imported", False), (None, None)],
)  # fmt: skip
def test_previews_tests_and_spam_are_no_responses(status: str | None, is_none: bool | None) -> None:
    frame = pl.DataFrame({"1": [status]}, schema={"1": pl.String})
    assert frame.select(_is_no_response("1")).item() is is_none


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("America/Denver", "US/Mountain", True),
        ("America/Denver", "America/Phoenix", False),  # the same in winter only
        ("Europe/London", "UTC", False),
    ],
)
def test_zones_by_what_their_clocks_show(one: str, other: str, is_same: bool) -> None:
    assert _same_clock(one, other) is is_same
