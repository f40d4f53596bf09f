"""Rows to the bytes of an export, with the physical line on which each row starts."""

import csv
import io
import json
from collections.abc import Callable, Iterable
from itertools import accumulate

from benchmarks.dirt import Row

Written = tuple[bytes, list[int]]


def to_csv(rows: list[Row], delimiter: str, encoding: str) -> Written:
    """A header and one record per row; a quoted text may hold line breaks, so lines are counted."""
    records = [_record(rows[0].keys(), delimiter)]
    records += [_record(row.values(), delimiter) for row in rows]
    starts = list(accumulate((record.count("\n") for record in records), initial=1))
    return "".join(records).encode(encoding), starts[1:-1]


def _record(values: Iterable[object], delimiter: str) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="\n").writerow(values)
    return buffer.getvalue()


def to_jsonl(rows: list[Row]) -> Written:
    """One JSON object per line; a key whose value is None is left out, as app logs do."""
    kept = [{key: value for key, value in row.items() if value is not None} for row in rows]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept)
    return text.encode("utf-8"), list(range(1, len(rows) + 1))


WRITERS: dict[str, Callable[[list[Row]], Written]] = {
    "csv": lambda rows: to_csv(rows, ",", "utf-8"),
    "csv_semicolon_cp1252": lambda rows: to_csv(rows, ";", "cp1252"),
    "csv_semicolon_bom": lambda rows: to_csv(rows, ";", "utf-8-sig"),
    "csv_tab": lambda rows: to_csv(rows, "\t", "utf-8"),
    "jsonl": to_jsonl,
}
