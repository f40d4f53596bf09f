"""JSON beyond the golden pairs: pieces, bounds, the receipt."""

from pathlib import Path

import pytest

from flows.readers import jsonl
from schemas.errors import ExportUnreadable
from schemas.source import Dialect


def _rows(path: Path, *wanted: str) -> list[tuple[object, ...]]:
    batches = jsonl.open_table(path, Dialect(), wanted).batches(wanted)
    return [row for batch in batches for row in batch.frame.iter_rows()]


@pytest.mark.parametrize("size", [1, 5, 16, 1000])
def test_pieces_of_any_size_give_the_same_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """A record may lie across several pieces, a letter across two."""
    path = tmp_path / "log.jsonl"
    path.write_bytes('\ufeff{"id":"é1"}\n\n{"id":"é2"}\r\n{"id":"é3"}'.encode())
    monkeypatch.setattr(jsonl, "BATCH_BYTES", size)
    assert _rows(path, "id") == [(1, "é1"), (3, "é2"), (4, "é3")]


def test_an_endless_line_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded."""
    monkeypatch.setattr(jsonl, "MAX_OBJECT_BYTES", 1000)
    monkeypatch.setattr(jsonl, "BATCH_BYTES", 100)
    path = tmp_path / "log.jsonl"
    path.write_text('{"id":1}\n{"id":"' + "x" * 5000, encoding="utf-8")
    with pytest.raises(ExportUnreadable, match="longer than"):
        _rows(path, "id")


def test_a_long_array_comes_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Element numbers run on from batch to batch, in the order of the file."""
    monkeypatch.setattr(jsonl, "BATCH_ROWS", 2048)
    path = tmp_path / "log[1].json"  # a name that reads as a pattern
    path.write_text("[" + ",".join(f'{{"id":{n}}}' for n in range(1, 6001)) + "]", encoding="utf-8")
    assert _rows(path, "id") == [(n, str(n)) for n in range(1, 6001)]


def test_keys_that_are_never_filled_are_named(tmp_path: Path) -> None:
    """JSON has no header: a misspelt key must show somewhere."""
    path = tmp_path / "log.jsonl"
    path.write_text('{"id":1,"pain":null}\n{"id":2,"mood":3}\n', encoding="utf-8")
    table = jsonl.open_table(path, Dialect(), ())
    list(table.batches(("id", "pain", "mood", "Mood")))
    assert table.receipt["keys without any value"] == "pain, Mood"


def test_a_key_called_line_is_refused(tmp_path: Path) -> None:
    """Rows carry their line number under that name."""
    path = tmp_path / "log.jsonl"
    path.write_text('{"line":1}\n', encoding="utf-8")
    with pytest.raises(ExportUnreadable, match="may not be called 'line'"):
        _rows(path, "line")
