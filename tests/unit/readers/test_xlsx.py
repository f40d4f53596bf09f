"""Workbooks beyond the golden pairs: which sheet, what is no workbook, bounds, and a real program's files."""

import os
import struct
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.readers import xlsx, xlsx_archive, xlsx_package, xlsx_sheet
from flows.readers.xlsx_text import number_text
from schemas.errors import ExitCode, ExportUnreadable
from schemas.source import Dialect
from tests.workbooks import STYLES, TEXTS, sheet_of, write_workbook

SHARED = Path(os.environ.get("FOLLOWTHROUGH_SHARED", Path(__file__).parents[4] / "shared"))


def rows(path: Path, *wanted: str, **dialect: Any) -> list[tuple[object, ...]]:
    batches = xlsx.open_table(path, Dialect(**dialect), wanted).batches(wanted)
    return [row for batch in batches for row in batch.frame.iter_rows()]


def refusal(path: Path, *wanted: str, **dialect: Any) -> str:
    with pytest.raises(ExportUnreadable) as refused:
        rows(path, *wanted, **dialect)
    assert refused.value.exit_code == ExitCode.EXPORT_UNREADABLE
    assert refused.value.message.startswith(f"{path.name}: ")
    return refused.value.message


def small(*rows: tuple[object, ...]) -> str:
    """A worksheet of texts."""
    cells = ("".join(f'<c t="str"><v>{cell}</v></c>' for cell in row) for row in rows)
    return sheet_of("".join(f"<row>{row}</row>" for row in cells))


DATA, OTHER, COVER = small(("id",), ("P1",)), small(("id",), ("P2",)), small(("About",), ("us",))


@pytest.mark.parametrize(
    ("sheets", "hidden", "declared", "found"),
    [
        ({"Data": DATA}, (), None, "P1"),
        ({"Cover": COVER, "Data": DATA}, (), None, "P1"),
        ({"Old": OTHER, "Data": DATA}, ("Old",), None, "P1"),
        ({"Old": OTHER, "Data": DATA}, ("Old",), "Old", "P2"),
        ({"Data": DATA, "Other": OTHER}, (), "Other", "P2"),
        ({"Empty": small(), "Data": DATA}, (), None, "P1"),
    ],
)
def test_the_sheet_is_the_declared_one_or_the_only_one_that_fits(
    tmp_path: Path, sheets: dict[str, str], hidden: tuple[str, ...], declared: str, found: str
) -> None:
    path = write_workbook(tmp_path / "a.xlsx", sheets, hidden=hidden)
    assert rows(path, "id", sheet=declared) == [(2, found)]


def test_sheets_are_named_where_it_is_not_settled_which(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"May": DATA, "June": OTHER, "About": COVER})
    assert "'May', 'June' could all be meant; declare sheet" in refusal(path, "id")
    assert "no sheet 'July', which [dialect] names; it has 'May', 'June', 'About'" in refusal(
        path, "id", sheet="July"
    )
    assert "the header of sheet 'May' lacks 'pain'" in refusal(path, "id", "pain")


def ole(*names: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "".join(names).encode("utf-16-le")


NO_WORKBOOKS = {
    "password": (ole("EncryptionInfo", "EncryptedPackage"), "remove the password"),
    "old": (ole("Workbook"), "(.xls); open it in Excel and save it as .xlsx"),
    "csv": (b"id;pain\nP1;3\n", 'set reader = "csv"'),
    "html": (b"\n<html><table><tr><td>id</td></tr></table></html>", "is a web page"),
    "xml": (b'<?xml version="1.0"?><Workbook/>', "is a web page or XML"),
    "binary": (bytes(range(256)), "is no workbook"),
    "empty": (b"", "is empty"),
    "cut": (b"PK\x03\x04" + bytes(100), "cannot be opened"),
}


@pytest.mark.parametrize("name", NO_WORKBOOKS)
def test_what_is_only_named_like_a_workbook_is_told_what_it_is(tmp_path: Path, name: str) -> None:
    content, words = NO_WORKBOOKS[name]
    path = tmp_path / f"{name}.xlsx"
    path.write_bytes(content)
    assert words in refusal(path, "id")


def test_another_zip_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "letter.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    assert "no .xlsx workbook" in refusal(path, "id")


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("xl/workbook.xml", None),
        ("xl/styles.xml", STYLES),
        ("xl/sharedStrings.xml", TEXTS),
        ("xl/worksheets/sheet1.xml", DATA),
    ],
)
def test_no_part_may_declare_entities(tmp_path: Path, part: str, content: str | None) -> None:
    """Neither those that grow without end nor those that fetch a file."""
    outside = f'<!ENTITY b SYSTEM "{(tmp_path / "secret").as_uri()}">'
    bombs = ('<!ENTITY a "haha"><!ENTITY b "' + "&a;" * 20 + '">', outside)
    for entities in bombs:
        path = write_workbook(tmp_path / "a.xlsx", {"Data": DATA})
        with zipfile.ZipFile(path) as archive:
            text = content or archive.read(part).decode()
        head, _, rest = text.partition("\n")
        hostile = f"{head}\n<!DOCTYPE x [{entities}]>\n{rest}"
        write_workbook(path, {"Data": DATA}, parts={part: hostile})
        assert "declares a document type" in refusal(path, "id")


def test_a_workbook_that_unpacks_beyond_measure_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_archive, "RATIO_FROM_BYTES", 1 << 20)
    path = write_workbook(tmp_path / "a.xlsx", {"Data": DATA}, parts={"x.bin": "0" * (4 << 20)})
    assert "unpacks from" in refusal(path, "id")
    monkeypatch.setattr(xlsx_archive, "RATIO_FROM_BYTES", 1 << 30)
    assert rows(path, "id") == [(2, "P1")]
    monkeypatch.setattr(xlsx_archive, "MAX_UNPACKED_BYTES", 1 << 20)
    assert "which no export does" in refusal(path, "id")


def test_a_size_that_is_declared_too_small_does_not_unpack_more(tmp_path: Path) -> None:
    """The directory of the zip may lie; the reader stops at what it says, and the checksum fails."""
    path = write_workbook(tmp_path / "a.xlsx", {"Data": DATA.replace("P1", "P" * 100_000)})
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    path.write_bytes(path.read_bytes().replace(struct.pack("<L", size), struct.pack("<L", 500)))
    assert "damaged workbook" in refusal(path, "id")


@pytest.mark.parametrize(
    ("module", "limit", "value", "words"),
    [
        (xlsx_package, "MAX_TEXTS_BYTES", 100, "of texts; export in several files"),
        (xlsx_archive, "MAX_PART_BYTES", 100, "is larger than"),
        (xlsx_sheet, "MAX_CELL_CHARS", 3, "a cell holds over 3 characters"),
        (xlsx_sheet, "MAX_COLUMNS", 1, "out of order"),
        (xlsx_sheet, "MAX_MERGES", 1, "over 1 merged areas"),
    ],
)
def test_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Any, limit: str, value: int, words: str
) -> None:
    merges = '<mergeCells><mergeCell ref="A3:A4"/><mergeCell ref="A5:A6"/></mergeCells>'
    sheet = small(("id", "x"), ("P123", "y")).replace("</sheetData>", f"</sheetData>{merges}")
    path = write_workbook(tmp_path / "a.xlsx", {"Data": sheet})
    assert rows(path, "id") == [(2, "P123")]
    monkeypatch.setattr(module, limit, value)
    assert words in refusal(path, "id")


def test_one_endless_piece_of_xml_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look at it would begin anew."""
    monkeypatch.setattr(xlsx_archive, "MAX_TOKEN_BYTES", 10_000)
    monkeypatch.setattr(xlsx_archive, "READ_BYTES", 1000)
    sheet = DATA.replace("<row>", f'<row x="{"y" * 50_000}">', 1)
    path = write_workbook(tmp_path / "a.xlsx", {"Data": sheet})
    assert "holds one piece of over" in refusal(path, "id")


def test_rows_run_on_from_batch_to_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "BATCH_ROWS", 3)
    sheet = small(("id",), *((f"P{n}",) for n in range(7))).replace("<row>", '<row r="1">', 1)
    path = write_workbook(tmp_path / "a.xlsx", {"Data": sheet.replace("<row>", '<row r="5">', 1)})
    batches = list(xlsx.open_table(path, Dialect(), ("id",)).batches(("id",)))
    assert [batch.frame["line"].to_list() for batch in batches] == [[5, 6, 7], [8, 9, 10], [11]]
    assert [batch.n_ignored for batch in batches] == [3, 0, 0]


def test_the_receipt_says_which_sheet_and_what_is_easily_misread(tmp_path: Path) -> None:
    row = '<row hidden="1"><c t="str"><v>P1</v></c><c s="5"><v>0.5</v></c></row>'
    sheet = small(("id", "share")).replace("</sheetData>", f"{row}</sheetData>")
    path = write_workbook(tmp_path / "a.xlsx", {"Data": sheet}, is_1904=True)
    table = xlsx.open_table(path, Dialect(), ("id",))
    list(table.batches(("id", "share")))
    assert table.columns == ("id", "share")
    assert table.receipt == {
        "sheet": "'Data': the only visible sheet",
        "header": "row 1",
        "dates": "counted from 1904",
        "hidden rows": "1, read like the others",
        "percentages": "share: 0.5 stands where the sheet shows 50 %",
    }


def test_a_workbook_of_openpyxl_is_read_back(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "day", "at", "clock", "n", "yes"])
    sheet.append(["=P1", date(2026, 1, 5), datetime(2026, 1, 5, 10, 20), time(10, 20), 2.0, True])
    sheet["A2"].data_type = "s"  # a text that begins like a formula
    path = tmp_path / "a.xlsx"
    book.save(path)
    assert rows(path, "id", "day", "at", "clock", "n", "yes") == [
        (2, "=P1", "2026-01-05", "2026-01-05 10:20:00", "10:20:00", "2", "true")
    ]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_figure_reads_back_the_same(number: float) -> None:
    assert float(number_text(repr(number))) == number
    assert number_text(f"{number:.17g}") == number_text(repr(number))


@pytest.mark.parametrize("value", ["nan", "inf", "", "1,5", "abc"])
def test_what_is_no_figure_is_not_made_one(value: str) -> None:
    with pytest.raises(ValueError):
        number_text(value)


@pytest.mark.shared_data
@pytest.mark.skipif(not SHARED.is_dir(), reason="no example exports; set FOLLOWTHROUGH_SHARED")
def test_a_workbook_of_the_strict_form_is_read() -> None:
    """PORT's data dictionary as Excel saved it: other namespaces, merged cells. It names the columns of PORT's table."""
    folder = SHARED / "data/port_cbt"
    (export,) = folder.glob("thomas-mcgregor_port-paper-variables_*.csv")
    with export.open(encoding="utf-8") as file:
        columns = {name.strip('"') for name in file.readline().strip().split(",")}
    found = rows(folder / "port-data-dictionary.xlsx", "Variable")
    assert [line for line, _ in found] == list(range(2, 964))
    assert columns - {name for _, name in found} == {"id"}
    (batch,) = xlsx.open_table(
        folder / "port-data-dictionary.xlsx", Dialect(), ("Variable", "Values")
    ).batches(("Variable", "Values"))
    assert batch.n_read == 962
    assert set(batch.broken["rule_id"]) == {"merged_cells"}
