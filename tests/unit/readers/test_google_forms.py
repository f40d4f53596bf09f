"""What the golden pairs of Google Forms do not show: evidence, and which answers make a scale."""

from pathlib import Path

import polars as pl
import pytest

from flows.readers import google_forms
from flows.readers.google_stamps import _stamp
from schemas.source import Dialect


@pytest.mark.parametrize(
    ("header", "evidence"),
    [
        ("Zeitstempel,Wie geht es Ihnen?", "first column Zeitstempel, questions as names"),
        ("タイムスタンプ,お元気ですか?", "first column タイムスタンプ, questions as names"),
        ("Timestamp,minutes", None),
        ("id,How are you?", None),
        ("", None),
    ],
)
def test_looks_like(tmp_path: Path, header: str, evidence: str | None) -> None:
    path = tmp_path / "x.csv"
    path.write_text(header + "\n1,2\n", encoding="utf-8")
    assert google_forms.looks_like(path) == evidence


@pytest.mark.parametrize(
    ("answers", "is_scale"),
    [
        (["1", "5 - very much"], True),
        (["1 – none", "10 = worst", "3: so so", "4. well"], True),
        (["1", "5"], False),  # figures as they are
        (["5 - very much", "often"], False),
        (["1 - 2 hours", "3 - 4 hours"], False),
        (["10:30"], False),
        (["1-2 times"], False),
        (["3.5", "4 - well"], False),
        (["5 - good", "5 - bad"], False),
        ([], False),
    ],
)
def test_scales(tmp_path: Path, answers: list[str], is_scale: bool) -> None:
    path = tmp_path / "x.csv"
    rows = "".join(f"9/1/2023 10:01:10,{answer}\n" for answer in answers)
    path.write_text(f"Timestamp,How?\n{rows}", encoding="utf-8")
    batches = google_forms.open_table(path, Dialect(), ()).batches(("How?",))
    read = [cell for batch in batches for cell in batch.frame["How?"]]
    assert (read != answers) is is_scale
    if is_scale:
        assert all(cell.isdigit() for cell in read)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2022/06/22 11:07:29 AM AST", "2022/06/22 11:07:29 AM"),
        ("2022/06/22 11:07:29 AM", "2022/06/22 11:07:29 AM"),
        ("2022/06/22 11:07:29 MESZ", "2022/06/22 11:07:29"),
        ("22/06/2022 11:07", "22/06/2022 11:07"),
        ("2022/06/22 11:07:29 p.m. GMT−3", "2022-06-22 23:07:29-03:00"),
        ("2022/06/22 11:07:29 PM UTC+5:30", "2022-06-22 23:07:29+05:30"),
        ("2022/06/22 23:07:29 GMT+0530", "2022-06-22 23:07:29+05:30"),
        ("22/06/2022 11:07:29 GMT+2", "22/06/2022 11:07:29 GMT+2"),  # which day is not known yet
        ("yesterday", "yesterday"),
        (None, None),
    ],
)
def test_stamps(written: str | None, read: str | None) -> None:
    frame = pl.DataFrame({"1": [written]}, schema={"1": pl.String})
    assert frame.select(_stamp("1")).item() == read
