"""What golden pairs cannot show: size, speed paths, receipts, pieces of a file."""

from pathlib import Path

import pytest

from flows.readers import csv_rows, csv_text, layout, records
from flows.readers.csv_text import open_table
from schemas.errors import ExportUnreadable
from schemas.source import Dialect


def _file(tmp_path: Path, content: bytes, name: str = "export.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def _lines(path: Path, *wanted: str, dialect: Dialect | None = None) -> list[int]:
    batches = open_table(path, dialect or Dialect(), wanted).batches(wanted)
    return [line for batch in batches for line in batch.frame["line"]]


def test_a_plain_file_is_not_counted_record_by_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fast path: without quotes in the data, two counts are proof enough."""
    monkeypatch.setattr(csv_rows, "read_records", None)
    path = _file(tmp_path, b'"id","pain"\r\nP1,4\r\nP2,7\r\n')
    assert _lines(path, "id", "pain") == [2, 3]


def test_a_long_row_beside_a_short_one_is_not_even(tmp_path: Path) -> None:
    """The sum of cells agrees, yet two rows are ragged; the others stand."""
    path = _file(tmp_path, b"id,pain\nP1,4\nP2,7,1\nP3\nP4,2\n")
    table = open_table(path, Dialect(), ("id", "pain"))
    batches = list(table.batches(("id", "pain")))
    assert [line for batch in batches for line in batch.broken["line"]] == [3, 4]
    assert [line for batch in batches for line in batch.frame["line"]] == [2, 5]
    assert "more or fewer cells" in table.receipt["rows"]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13])
def test_pieces_of_any_size_give_the_same_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Quotes, CRLF and doubled quotes may fall on the seam between two pieces."""
    content = 'id,note\r\n"P1","a""b\r\n""c"\r\n\r\nP2,"é,\n"\r\n"",""\r\nP3\r\nP4,x'
    path = _file(tmp_path, content.encode())
    whole = [batch for batch in open_table(path, Dialect(), ()).batches(("id", "note"))]
    monkeypatch.setattr(layout, "CHUNK", size)
    pieces = [batch for batch in open_table(path, Dialect(), ()).batches(("id", "note"))]
    assert [b.frame.rows() for b in pieces] == [b.frame.rows() for b in whole]
    assert [b.broken.rows() for b in pieces] == [[(8, "ragged_row")]]
    assert [b.n_ignored for b in pieces] == [2]
    assert pieces[0].frame["line"].to_list() == [2, 5, 9]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_faults_are_found_across_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """The line named is that of the fault, wherever the seams are."""
    monkeypatch.setattr(layout, "CHUNK", size)
    for content, message in {
        b'id,note\nP1,"a\nb"\nP2,c"d"\n': "line 4 holds a quote in the middle",
        b'id,note\nP1,"a"\nP2,"c\nd\n': "quote opened on line 3",
        b'id,note\nP1,"a"\nP2,c\rP3,d\n': "line 3 holds a lone CR",
        b"id,note\nP1,a\nP2,c\rP3,d\n": "line 3 holds a lone CR",
        b"id,note\nP1,a\nP\xff,d\n": "bytes that are not UTF-8",
    }.items():
        with pytest.raises(ExportUnreadable, match=message):
            _lines(_file(tmp_path, content), "id")


def test_an_endless_line_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded: with and without quotes, in the header and below it."""
    monkeypatch.setattr(layout, "MAX_LINE_BYTES", 1000)
    monkeypatch.setattr(records, "MAX_LINE_BYTES", 1000)
    monkeypatch.setattr(layout, "CHUNK", 100)
    monkeypatch.setattr(csv_text, "HEAD_BYTES", 500)
    for content in (
        b"id,pain\nP1," + b"4" * 2000,
        b'id,pain\n"P1",' + b"4" * 2000 + b"\nP2,3\n",
        b'id,pain\n"P1","' + b"4\n" * 1000 + b'"\nP2,3\n',
    ):
        with pytest.raises(ExportUnreadable, match="longer than"):
            _lines(_file(tmp_path, content), "id")
    with pytest.raises(ExportUnreadable, match="no header within the first"):
        _lines(_file(tmp_path, b"id,pain" + b"x" * 2000 + b"\nP1,4\n"), "id")


def test_five_thousand_columns(tmp_path: Path) -> None:
    """A very wide export is no special case."""
    header = [f"item_{number}" for number in range(5000)]
    row = [str(number) for number in range(5000)]
    path = _file(tmp_path, "\n".join([",".join(header), ",".join(row)]).encode())
    (batch,) = open_table(path, Dialect(), ("item_4999",)).batches(("item_4999", "item_0"))
    assert batch.frame.rows() == [(2, "4999", "0")]


def test_a_name_that_reads_as_a_pattern(tmp_path: Path) -> None:
    """`export[1].csv` is that file, and not `export1.csv`."""
    _file(tmp_path, b"id,pain\nOTHER,1\n", "export1.csv")
    path = _file(tmp_path, b"id,pain\nP1,4\n", "export[1].csv")
    (batch,) = open_table(path, Dialect(), ("id",)).batches(("id",))
    assert batch.frame["id"].to_list() == ["P1"]


def test_rows_whose_mapped_cells_alone_are_empty_stay(tmp_path: Path) -> None:
    """Only a row without any content is set aside, also where other rows are."""
    path = _file(tmp_path, b"id,pain,note\n,,\n,,said nothing\nP1,4,\n")
    (batch,) = open_table(path, Dialect(), ("id", "pain")).batches(("id", "pain"))
    assert batch.frame["line"].to_list() == [3, 4]
    assert batch.n_ignored == 1


def test_columns_called_like_ours(tmp_path: Path) -> None:
    """`record` is a name as any other; `line` would hide the physical line."""
    path = _file(tmp_path, b"record,line\nP1,4\n")
    (batch,) = open_table(path, Dialect(), ("record",)).batches(("record",))
    assert batch.frame.rows() == [(2, "P1")]
    with pytest.raises(ExportUnreadable, match="may not be called 'line'"):
        open_table(path, Dialect(), ("record", "line"))


def test_the_receipt_says_what_was_chosen_and_why(tmp_path: Path) -> None:
    """One entry per choice."""
    path = _file(tmp_path, b"sep=;\r\nid;pain;\r\nP1;4\r\n")
    table = open_table(path, Dialect(), ("id", "pain"))
    list(table.batches(("id",)))
    assert table.receipt == {
        "encoding": "ascii: every byte is ASCII, which is UTF-8 too",
        "line ends": "CRLF",
        "delimiter": "semicolon: named in the first line (sep=)",
        "quote": '": not declared; checked cell by cell',
        "header": "line 2",
        "rows": "the header alone ends with a delimiter",
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"P1,4\nP2,7\n", "2 of the first 2 records have 2 cells"),
        (b"P1;4,5\nP2;7,5\n", "both split the rows evenly"),
        (b"P1\nP2\n", "taken for one column"),
    ],
)
def test_a_delimiter_without_a_header(tmp_path: Path, content: bytes, said: str) -> None:
    """The rows must agree, under one delimiter only."""
    path = _file(tmp_path, content)
    try:
        told = open_table(path, Dialect(header_rows=0), ("1",)).receipt["delimiter"]
    except ExportUnreadable as refusal:
        told = refusal.message
    assert said in told


def test_short_and_long_rows_that_cancel_out_over_batches_are_both_refused(tmp_path, monkeypatch):
    """Each piece must be even by itself: the file as a whole may be so by chance."""
    monkeypatch.setattr(csv_rows, "BATCH_ROWS", 3)
    lines = ["a,b,c", "1,2,3", "1,2", "1,2,3", "1,2,3", "1,2,3", "1,2,3,4", "1,2,3"]
    path = tmp_path / "export.csv"
    path.write_text("\n".join(lines) + "\n")
    batches = list(csv_text.open_table(path, Dialect(), ("a", "b", "c")).batches(("a", "b", "c")))
    kept = [line for batch in batches for line in batch.frame["line"]]
    refused = [row for batch in batches for row in batch.broken.rows()]
    assert sorted(kept) == [2, 4, 5, 6, 8]
    assert sorted(refused) == [(3, "ragged_row"), (7, "ragged_row")]
