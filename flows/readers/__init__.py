"""One module per export format: a path and a dialect in, a text table with line numbers out."""

from collections.abc import Callable
from pathlib import Path

from flows.readers import csv_text, jsonl
from flows.readers.table import TextTable
from schemas.source import Dialect

Reader = Callable[[Path, Dialect, tuple[str, ...]], TextTable]

# reader name in source.toml -> how to open a file: path, declared dialect, the columns that are wanted
READERS: dict[str, Reader] = {
    "csv": csv_text.open_table,
    "jsonl": jsonl.open_table,
}
