"""A workbook through a run: the same table gives the same marts, whether it comes as CSV or as a workbook."""

import csv
import shutil
from pathlib import Path

import duckdb
import openpyxl
import pytest

from flows.steps.pipeline import build_release, ingest_all
from tests.exports import NOW, Clinic, mart_bytes
from tests.real.raw_truth import PORT_CSV, ROOT, SHARED, copy_files
from tests.tiny_world import tiny_clinic

pytestmark = pytest.mark.slow


def to_workbook(path: Path) -> None:
    """Save a CSV as the workbook that somebody would make of it: figures are numbers, the rest is text."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Export")
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            sheet.append([_cell(text) for text in row])
    book.create_sheet("Notes").append(["Nothing to see here"])
    book.save(path.with_suffix(".xlsx"))
    path.unlink()


def _cell(text: str) -> str | float | None:
    try:
        number = float(text)
    except ValueError:
        return text or None
    return number if repr(number).removesuffix(".0") == text else text


def marts(data: Path, out: Path) -> dict[str, bytes]:
    ledger = ingest_all(data)
    assert ledger.problems == []
    assert build_release(data, None, NOW, with_gate=False).release_id is not None
    with duckdb.connect(str(data / "warehouse/analyst.duckdb"), read_only=True) as connection:
        return mart_bytes(connection, out)


def marts_as_workbooks(data: Path, copy: Path, out: Path) -> dict[str, bytes]:
    """The marts of the same data folder, its CSV files made workbooks; the key of the pseudonyms stays."""
    shutil.copytree(data / "raw", copy / "raw")
    shutil.copytree(data / "keys", copy / "keys")
    for path in sorted((copy / "raw").rglob("*.csv")):
        to_workbook(path)
    for path in (copy / "raw").rglob("*source.toml"):
        text = path.read_text(encoding="utf-8").replace('reader      = "csv"', 'reader = "xlsx"')
        text = text.replace('reader = "csv"', 'reader = "xlsx"').replace(".csv", ".xlsx")
        path.write_text(text, encoding="utf-8")
    if (data / "vocabulary.toml").exists():
        shutil.copyfile(data / "vocabulary.toml", copy / "vocabulary.toml")
    return marts(copy, out)


def test_a_clinic_gives_equal_marts_as_csv_and_as_workbooks(tmp_path: Path) -> None:
    clinic: Clinic = tiny_clinic(6)
    clinic.write(tmp_path / "csv")
    expected = marts(tmp_path / "csv", tmp_path / "out_csv")
    found = marts_as_workbooks(tmp_path / "csv", tmp_path / "xlsx", tmp_path / "out_xlsx")
    assert found == expected
    assert any(content.count(b"\n") > 1 for content in found.values())


@pytest.mark.shared_data
@pytest.mark.skipif(not SHARED.is_dir(), reason="no example exports; set FOLLOWTHROUGH_SHARED")
def test_port_gives_equal_marts_as_csv_and_as_a_workbook(tmp_path: Path) -> None:
    data = tmp_path / "csv"
    copy_files(ROOT / "tests/real/port_cbt", data)
    shutil.copyfile(PORT_CSV, data / "raw/ieso/port" / PORT_CSV.name)
    expected = marts(data, tmp_path / "out_csv")
    found = marts_as_workbooks(data, tmp_path / "xlsx", tmp_path / "out_xlsx")
    assert found.keys() == expected.keys()
    assert [name for name in found if found[name] != expected[name]] == []
