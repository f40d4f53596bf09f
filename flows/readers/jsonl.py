"""JSON exports: one object per line (NDJSON), or one array of objects. Values come out as text.

DuckDB parses each object once for all wanted keys; the line is the physical line of an NDJSON record and the
element number (from 1) in an array.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl

from flows.readers.table import NO_BROKEN, Batch, TextTable
from schemas.errors import ExportUnreadable
from schemas.source import Dialect

BATCH_BYTES = 64 << 20
MAX_OBJECT_BYTES = 256 << 20


def open_table(path: Path, dialect: Dialect, wanted: tuple[str, ...]) -> TextTable:
    """Open an NDJSON file or a JSON array; keys are known only while reading, so `columns` is None."""
    first = _first_byte(path)
    if first not in (b"{", b"["):
        raise ExportUnreadable(f"{path.name}: is neither a JSON array nor one JSON object per line; export again as JSON")
    receipt = {"encoding": "utf-8: JSON is UTF-8", "records": "JSON array" if first == b"[" else "one object per line"}
    pieces = _array if first == b"[" else _lines

    def batches(names: tuple[str, ...]) -> Iterator[Batch]:
        try:
            for objects, n_blank in pieces(path):
                yield _extract(objects, n_blank, names)
        except (duckdb.Error, UnicodeDecodeError) as error:
            raise ExportUnreadable(f"{path.name}: is not valid JSON; export again") from error

    return TextTable(None, batches, receipt)


def _first_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(4096)
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]


def _lines(path: Path) -> Iterator[tuple[pl.DataFrame, int]]:
    """`line`, `json` for each non-empty line."""
    line = 0
    with path.open("r", encoding="utf-8-sig", newline="\n") as file:
        while texts := file.readlines(BATCH_BYTES):
            frame = pl.DataFrame({"json": texts}).with_columns(
                pl.int_range(line + 1, line + 1 + len(texts), dtype=pl.Int64).alias("line"), pl.col("json").str.strip_chars()
            )
            line += len(texts)
            full = frame.filter(pl.col("json") != "")
            yield full, frame.height - full.height


def _array(path: Path) -> Iterator[tuple[pl.DataFrame, int]]:
    """`line` (element number), `json` for each element."""
    with duckdb.connect() as connection:
        query = "select json::varchar as json from read_json_objects(?, format = 'array', maximum_object_size = ?)"
        frame = connection.execute(query, [str(path), MAX_OBJECT_BYTES]).pl()
    yield frame.with_columns(pl.int_range(1, frame.height + 1, dtype=pl.Int64).alias("line")), 0


def _extract(objects: pl.DataFrame, n_blank: int, names: tuple[str, ...]) -> Batch:
    with duckdb.connect() as connection:
        connection.register("objects", objects.to_arrow())
        n = len(names)  # a dotted name may be a key of its own, or a walk into nested objects
        wanted = ", ".join(f"coalesce(cells[{i + 1}], cells[{n + i + 1}])" for i in range(n)) or "null"
        rows = connection.execute(
            f"select line, is_object, {wanted} from (select line, json_valid(json) and json_type(json) = 'OBJECT' as is_object, "
            "case when json_valid(json) then json_extract_string(json, $paths) end as cells from objects) order by line",
            {"paths": [*(f'$."{name}"' for name in names), *(_path(name) for name in names)] or ["$"]},
        ).pl()
    rows = rows.rename(dict(zip(rows.columns, ["line", "is_object", *(names or ("none",))], strict=True)))
    broken = rows.filter(~pl.col("is_object")).select("line", rule_id=pl.lit("not_json"))
    frame = rows.filter("is_object").select("line", *names)
    return Batch(frame, broken if broken.height else NO_BROKEN, n_blank)


def _path(name: str) -> str:
    """A dotted name walks into nested objects."""
    return "$" + "".join(f'."{part}"' for part in name.split("."))
