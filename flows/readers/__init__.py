"""One module per export format: a path and a dialect in, a text table with line numbers out."""

from collections.abc import Callable
from pathlib import Path

from flows.readers import (
    csv_text,
    fhir,
    google_forms,
    jsonl,
    qualtrics,
    redcap,
    surveymonkey,
)
from flows.readers.table import TextTable
from schemas.source import Dialect

Reader = Callable[[Path, Dialect, tuple[str, ...]], TextTable]


def _open_xlsx(path: Path, dialect: Dialect, wanted: tuple[str, ...]) -> TextTable:
    # Late: openpyxl is a tenth of every start, for the few who send workbooks.
    from flows.readers import xlsx

    return xlsx.open_table(path, dialect, wanted)


# reader name in source.toml -> how to open a file: path, declared dialect, the columns that are wanted
READERS: dict[str, Reader] = {
    "csv": csv_text.open_table,
    "jsonl": jsonl.open_table,
    "fhir": fhir.open_table,
    "xlsx": _open_xlsx,
    "redcap": redcap.open_table,
    "qualtrics": qualtrics.open_table,
    "surveymonkey": surveymonkey.open_table,
    "google_forms": google_forms.open_table,
}
