"""A file in pieces: whole lines, in their order, and none that a parser would misread."""

from pathlib import Path

import pytest

from flows.readers import pieces as module
from flows.readers.pieces import pieces

LF = ord("\n")


@pytest.mark.parametrize("n_lines", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("step", [1, 5, 1 << 20])
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_pieces_are_so_many_lines_and_make_the_file(
    tmp_path: Path, monkeypatch, n_lines, step, end
):
    monkeypatch.setattr(module, "STEP", step)
    lines = [f"{number},{'x' * (number % 5)}y".encode() for number in range(20)]
    path = tmp_path / "export.csv"
    path.write_bytes(b"head\n" + b"\n".join(lines) + end)
    found = list(pieces(path, 5, LF, n_lines))
    assert b"".join(found) == b"\n".join(lines) + end
    assert [len(piece.splitlines()) for piece in found[:-1]] == [n_lines] * (len(found) - 1)


def test_very_wide_rows_make_shorter_pieces(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(module, "_MOST_BYTES", 10)
    path = tmp_path / "export.csv"
    path.write_bytes(b"a,1\n" * 9 + b"b," + b"2" * 30)
    assert list(pieces(path, 0, LF, 8)) == [b"a,1\n" * 3] * 3 + [b"b," + b"2" * 30]


@pytest.mark.parametrize("start", ["\ufeff", "x^", "x\x01"])
def test_no_piece_begins_like_a_compressed_file_or_with_a_mark(tmp_path: Path, start):
    path = tmp_path / "export.csv"
    path.write_bytes(f"a,1\n{start}b,2\nc,3\n{start}d,4".encode())
    found = [piece.decode() for piece in pieces(path, 0, LF, 1)]
    assert found == [f"a,1\n{start}b,2\n", f"c,3\n{start}d,4"]


def test_nothing_after_the_header_is_no_piece(tmp_path: Path):
    path = tmp_path / "export.csv"
    path.write_bytes(b"a,b\n")
    assert list(pieces(path, 4, LF, 1)) == []
