"""How well polluted CSV files are read: one clean table, spoilt in one way per file, scored out of ten per file.

After the taxonomy and the measures of Vitagliano et al., "Pollock: A Data Loading Benchmark" (VLDB 2023): for each file success,
and precision, recall and F1 of header, records and cells: ten figures between 0 and 1, added up. Its corpus is not used here; the files
are made by the functions below. Also counted: rows that were read as something else than what stands in the file, and nobody was told.

Run: `python -m benchmarks.polluted`; prints one line per pollution and the two scores.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flows.readers.csv_text import open_table
from schemas.errors import ExportUnreadable
from schemas.source import Dialect

N_ROWS, N_COLUMNS = 84, 9
HEADER = ["date", "time", "person", "minutes", "pain before", "pain after", "technique", "device", "note"]  # fmt: skip
Row = list[str]


@dataclass(frozen=True)
class Polluted:
    """One file: its bytes, what should come out, and how it would be declared."""

    name: str
    content: bytes
    header: Row
    rows: list[Row]
    declared: Mapping[str, object] = field(default_factory=dict)
    damaged: frozenset[int] = frozenset()  # rows that have no right reading: refusing them is right


def clean_rows() -> list[Row]:
    """The table: quotes, commas and line breaks in cells, and cells that look alike."""
    notes = ["", "felt well", 'said "better"', "knee, left", "first line\nsecond line", "none"]
    return [
        [f"2026-03-{1 + i % 28:02d}", f"{8 + i % 12:02d}:{i % 60:02d}", f"P-{i:03d}", str(5 + i % 40), str(i % 11),
         str((i + 3) % 11), ["kneading", "friction"][i % 2], f"roller, {'soft' if i % 3 else 'hard'}", notes[i % len(notes)]]
        for i in range(N_ROWS)
    ]  # fmt: skip


def _cell(text: str, delimiter: str = ",", quote: str = '"', escape: str | None = None) -> str:
    """A cell as RFC 4180 writes it: quoted where it must be."""
    if not any(mark in text for mark in (delimiter, quote, "\n", "\r")):
        return text
    return quote + text.replace(quote, (escape or quote) + quote) + quote


def _lines(header: Row, rows: list[Row], delimiter: str = ",", quote: str = '"', escape: str | None = None) -> list[str]:  # fmt: skip
    table = [header, *rows] if header else rows
    return [delimiter.join(_cell(c, delimiter, quote, escape) for c in row) for row in table]


def _text(lines: list[str], end: str = "\r\n") -> bytes:
    return "".join(line + end for line in lines).encode()


def pollutions() -> Iterator[Polluted]:
    """Every file."""
    rows = clean_rows()
    yield from _of_files(rows)
    yield from _of_rows(rows)


def _of_files(rows: list[Row]) -> Iterator[Polluted]:
    """Spoilt as a whole."""
    lines = _lines(HEADER, rows)
    base: dict[str, object] = {"delimiter": ",", "quote": '"', "encoding": "utf-8"}
    yield Polluted("source", _text(lines), HEADER, rows, base)
    yield Polluted("file_no_trailing_newline", _text(lines).removesuffix(b"\r\n"), HEADER, rows, base)  # fmt: skip
    yield Polluted("file_double_trailing_newline", _text(lines) + b"\r\n", HEADER, rows, base)
    yield Polluted("file_no_header", _text(lines[1:]), [], rows, base | {"header_rows": 0})
    yield Polluted("file_one_data_row", _text(lines[:2]), HEADER, rows[:1], base)
    yield Polluted("file_no_data_rows", _text(lines[:1]), HEADER, [], base)
    yield Polluted("file_preamble", _text(["Export of the clinic", "made on 2026-04-01", "", *lines]), HEADER, rows, base)  # fmt: skip
    yield Polluted("file_preamble_cells", _text(["clinic,north" + "," * 7, "," * 8, *lines]), HEADER, rows, base | {"skip_lines": 2})  # fmt: skip
    yield Polluted("file_footnote", _text([*lines, "end of export"]), HEADER, rows, base)
    for n in (2, 3):
        second = [f"unit {i}" for i in range(N_COLUMNS)]
        headed = [*_lines(HEADER, []), *_lines(second, []) * (n - 1), *lines[1:]]
        yield Polluted(f"file_header_multirow_{n}", _text(headed), HEADER, rows, base | {"header_rows": n})  # fmt: skip
    for end in ("\n", "\r"):
        yield Polluted(f"file_record_delimiter_{ord(end):#x}", _text(lines, end), HEADER, rows, base)  # fmt: skip
    for mark in (";", "\t", "|", " ", ":", "~"):
        spoilt = _text(_lines(HEADER, rows, mark))
        yield Polluted(f"file_field_delimiter_{ord(mark):#x}", spoilt, HEADER, rows, base | {"delimiter": mark})  # fmt: skip
    yield Polluted("file_quotation_char_0x27", _text(_lines(HEADER, rows, quote="'")), HEADER, rows, base | {"quote": "'"})  # fmt: skip
    plain = [[c.replace(",", "").replace('"', "").replace("\n", " ") for c in row] for row in rows]
    yield Polluted("file_quotation_char_none", _text(_lines(HEADER, plain)), HEADER, plain, base | {"quote": ""})  # fmt: skip
    escaped = _text(_lines(HEADER, rows, escape="\\"))
    yield Polluted("file_escape_char_0x5c", escaped, HEADER, rows, base | {"escape": "\\"})
    for name in ("utf-16", "utf-8-sig", "cp1252"):
        accents = [[*row[:-1], f"Übung {i}"] for i, row in enumerate(rows)]
        content = _text(_lines(HEADER, accents)).decode().encode(name)
        yield Polluted(f"file_encoding_{name}", content, HEADER, accents, base | {"encoding": name})


def _of_rows(rows: list[Row]) -> Iterator[Polluted]:
    """Spoilt in one row: a delimiter too many, too few or foreign, a quote too many."""
    base: dict[str, object] = {"delimiter": ",", "quote": '"', "encoding": "utf-8"}
    for at in range(0, N_ROWS, 7):
        for column in range(0, N_COLUMNS - 1):
            for name, spoil in SPOILT_ROWS.items():
                line, expected = spoil(rows[at], column)
                lines = _lines(HEADER, rows)
                lines[at + 1] = line
                told = [*rows[:at], expected, *rows[at + 1 :]]
                yield Polluted(f"{name}_row{at}_col{column}", _text(lines), HEADER, told, base, frozenset({at}))  # fmt: skip


def _more_separators(row: Row, column: int) -> tuple[str, Row]:
    spoilt = [*row[:column], "", *row[column:]]
    return _lines([], [spoilt])[0], spoilt


def _less_separators(row: Row, column: int) -> tuple[str, Row]:
    spoilt = [*row[:column], row[column] + row[column + 1], *row[column + 2 :]]
    return _lines([], [spoilt])[0], spoilt


def _foreign_delimiter(row: Row, column: int) -> tuple[str, Row]:
    return ";".join(_cell(c) for c in row), row


def _extra_quote(row: Row, column: int) -> tuple[str, Row]:
    cells = [_cell(c) for c in row]
    cells[column] += '"'
    return ",".join(cells), row


SPOILT_ROWS: dict[str, Callable[[Row, int], tuple[str, Row]]] = {
    "row_more_sep": _more_separators,
    "row_less_sep": _less_separators,
    "row_field_delimiter_0x3b": _foreign_delimiter,
    "row_extra_quote": _extra_quote,
}


def read(file: Polluted, path: Path, is_declared: bool) -> tuple[Row, list[Row]] | None:
    """Header and rows as our reader gives them; None: refused."""
    dialect = Dialect.model_validate(file.declared) if is_declared else Dialect()
    if not is_declared and not file.header:
        dialect = Dialect(header_rows=0)
    wanted = tuple(file.header) or tuple(str(i + 1) for i in range(N_COLUMNS))
    try:
        table = open_table(path, dialect, wanted)
        frames = [batch.frame for batch in table.batches(wanted)]
    except ExportUnreadable:
        return None
    rows = [[c or "" for c in row[1:]] for frame in frames for row in frame.iter_rows()]
    return (list(table.columns or ()) if file.header else []), rows


def _f(expected: Counter[object], found: Counter[object]) -> tuple[float, float, float]:
    both = (expected & found).total()
    precision = both / found.total() if found else float(not expected)
    recall = both / expected.total() if expected else 1.0
    return precision, recall, 2 * precision * recall / (precision + recall or 1)


def score(file: Polluted, found: tuple[Row, list[Row]] | None) -> float:
    """Out of ten; a refused file counts nothing."""
    if found is None:
        return 0.0
    header, rows = found
    parts = [
        _f(Counter(file.header), Counter(header)),
        _f(Counter(map(tuple, file.rows)), Counter(map(tuple, rows))),
        _f(Counter(c for r in file.rows for c in r), Counter(c for r in rows for c in r)),
    ]
    return 1.0 + sum(sum(part) for part in parts)


def n_misread(file: Polluted, found: tuple[Row, list[Row]] | None) -> int:
    """Rows handed on that the file does not hold."""
    return (Counter(map(tuple, found[1])) - Counter(map(tuple, file.rows))).total() if found else 0


def main() -> None:
    """Score all files twice: with the dialect declared, and without a word."""
    by_kind: dict[str, list[tuple[float, int, float, int]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "polluted.csv"
        for file in pollutions():
            path.write_bytes(file.content)
            told, untold = read(file, path, True), read(file, path, False)
            kind = file.name.split("_row")[0] if file.name.startswith("row_") else file.name
            by_kind.setdefault(kind, []).append(
                (score(file, told), n_misread(file, told), score(file, untold), n_misread(file, untold))
            )  # fmt: skip
    print(f"{'pollution':32s} files  declared (misread)  undeclared (misread)")
    for kind, results in by_kind.items():
        told, bad, untold, bad_untold = (sum(column) for column in zip(*results, strict=True))
        n = len(results)
        print(f"{kind:32s} {n:5d} {told / n:9.3f} ({bad:d}) {untold / n:14.3f} ({bad_untold:d})")
    everything = [result for results in by_kind.values() for result in results]
    told, bad, untold, bad_untold = (sum(column) for column in zip(*everything, strict=True))
    n = len(everything)
    print(f"{'all':32s} {n:5d} {told / n:9.3f} ({bad:d}) {untold / n:14.3f} ({bad_untold:d})")


if __name__ == "__main__":
    main()
