"""JSON exports: one object per line (NDJSON), or one array of objects. Values come out as text.

DuckDB parses each object once for all wanted keys; the line is the physical line of an NDJSON record and the
element number (from 1) in an array. Only LF ends a line: U+2028 inside a text does not.
"""

import codecs
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl

from flows.readers.table import NO_BROKEN, WORK_FOLDER, Batch, TextTable
from schemas.errors import ExportUnreadable
from schemas.source import Dialect

BATCH_BYTES = 32 << 20
BATCH_ROWS = 200_000
MAX_OBJECT_BYTES = (
    64 << 20
)  # no record of a clinic's export is longer, and a longer one would fill the memory
_HEAD_BYTES = 1 << 16
_NEVER_FILLED = "keys without any value"


def open_table(path: Path, dialect: Dialect, wanted: tuple[str, ...]) -> TextTable:
    """Open an NDJSON file or a JSON array; keys are known only while reading, so `columns` is None."""
    is_array = _is_array(path, dialect)
    receipt = {
        "encoding": "utf-8: JSON is UTF-8",
        "records": "JSON array" if is_array else "one object per line",
    }

    def batches(names: tuple[str, ...]) -> Iterator[Batch]:
        if "line" in names:  # rows carry their line number under that name
            raise ExportUnreadable(f"{path.name}: a mapped key may not be called 'line'; rename it")
        never_filled = list(names)
        try:
            for objects, n_blank in _array(path) if is_array else read_lines(path):
                batch = _extract(objects, n_blank, names)
                never_filled = [
                    n for n in never_filled if batch.frame[n].null_count() == batch.frame.height
                ]
                receipt[_NEVER_FILLED] = ", ".join(never_filled) or "none"
                yield batch
        except duckdb.Error:
            raise ExportUnreadable(
                f"{path.name}: is not one valid JSON array (cut off, or with text after it); export again"
            ) from None  # the parser's own message quotes the record

    return TextTable(None, batches, receipt)


def _is_array(path: Path, dialect: Dialect) -> bool:
    """Whether the file is one array; raises ExportUnreadable for what is no JSON records at all."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise ExportUnreadable(f"{path.name}: the file is empty; export again")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or (
        dialect.encoding
        and codecs.lookup(dialect.encoding).name not in ("utf-8", "utf-8-sig", "ascii")
    ):
        raise ExportUnreadable(f"{path.name}: JSON must be UTF-8; export again as UTF-8")
    first = head.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    if first not in (b"{", b"["):
        raise ExportUnreadable(
            f"{path.name}: is neither a JSON array nor one JSON object per line; export again as JSON"
        )
    if first == b"{" and _is_one_object(path, head):
        raise ExportUnreadable(
            f"{path.name}: is one JSON object over several lines, not one record per line; export the "
            'records as an array or as NDJSON (a FHIR Bundle needs reader = "fhir")'
        )
    return first == b"["


def _is_one_object(path: Path, head: bytes) -> bool:
    """Whether a file that begins with an object is that object and nothing else."""
    first_line = head.removeprefix(codecs.BOM_UTF8).lstrip().split(b"\n", 1)[0]
    if _loads(first_line) is not None or path.stat().st_size > MAX_OBJECT_BYTES:
        return False
    return isinstance(_loads(path.read_bytes().removeprefix(codecs.BOM_UTF8)), dict)


def _loads(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def read_lines(path: Path) -> Iterator[tuple[pl.DataFrame, int]]:
    """`line`, `json` for each non-empty line."""
    line, rest = 1, b""
    with path.open("rb") as file:
        file.seek(len(codecs.BOM_UTF8) if file.read(3) == codecs.BOM_UTF8 else 0)
        while block := file.read(BATCH_BYTES):
            block = rest + block
            whole, found, rest = block.rpartition(b"\n")
            if len(rest) > MAX_OBJECT_BYTES:
                raise ExportUnreadable(
                    f"{path.name}: a line after line {line} is longer than {MAX_OBJECT_BYTES >> 20} MB; "
                    "its line ends are broken, export again"
                )
            if found:
                frame, n_lines = _numbered(whole, line, path)
                line += n_lines
                yield frame, n_lines - frame.height
    if rest:
        frame, n_lines = _numbered(rest, line, path)
        yield frame, n_lines - frame.height


def _numbered(content: bytes, line: int, path: Path) -> tuple[pl.DataFrame, int]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        bad = line + content.count(b"\n", 0, error.start)
        raise ExportUnreadable(
            f"{path.name}: line {bad} holds bytes that are not UTF-8; export again"
        ) from error
    lines = pl.Series("json", [text]).str.split("\n").explode().str.strip_chars()
    numbers = pl.int_range(line, line + len(lines), dtype=pl.Int64, eager=True).alias("line")
    return pl.DataFrame([lines, numbers]).filter(pl.col("json") != ""), len(lines)


def _array(path: Path) -> Iterator[tuple[pl.DataFrame, int]]:
    """`line` (element number), `json` for each element."""
    query = "select json::varchar as json from read_json_objects(?, format = 'array', maximum_object_size = ?)"
    n_before = 0
    with (
        tempfile.TemporaryDirectory(prefix="followthrough-", dir=WORK_FOLDER.get()) as folder,
        duckdb.connect() as connection,
    ):
        plain = Path(folder, "array.json")  # the name of an export may read as a pattern: [1], *
        plain.symlink_to(path.resolve())
        reader = connection.execute(query, [str(plain), MAX_OBJECT_BYTES]).to_arrow_reader(
            BATCH_ROWS
        )
        for batch in reader:
            texts = pl.DataFrame(pl.from_arrow(batch))
            numbers = pl.int_range(n_before + 1, n_before + texts.height + 1, dtype=pl.Int64)
            n_before += texts.height
            yield texts.with_columns(numbers.alias("line")), 0


def _extract(objects: pl.DataFrame, n_blank: int, names: tuple[str, ...]) -> Batch:
    n = len(names)  # a dotted name may be a key of its own, or a walk into nested objects
    cells = ", ".join(f"coalesce(cells[{i + 1}], cells[{n + i + 1}])" for i in range(n)) or "null"
    query = f"""
        select line, is_object, {cells} from (
            select
                line,
                case when json_valid(json) then json_type(json) = 'OBJECT' else false end as is_object,
                case when json_valid(json) then json_extract_string(json, $pointers) end as cells
            from objects
        )
        order by line
    """
    with duckdb.connect() as connection:
        connection.register("objects", objects.to_arrow())
        pointers = [_pointer([name]) for name in names] + [
            _pointer(name.split(".")) for name in names
        ]
        rows = connection.sql(query, params={"pointers": pointers or ["/"]}).pl()
    rows.columns = ["line", "is_object", *(names or ("none",))]
    broken = rows.filter(~pl.col("is_object")).select("line", rule_id=pl.lit("not_json"))
    frame = rows.filter("is_object").select("line", *names)
    return Batch(frame, broken if broken.height else NO_BROKEN, n_blank)


def _pointer(keys: list[str]) -> str:
    """A JSON pointer: the one path syntax in which no name of a key has a meaning of its own."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)
