"""One real data set through the plain steps: its exports, its `source.toml` files beside them, one run."""

from pathlib import Path

import duckdb

from flows.steps.pipeline import build_release, ingest_all
from tests.real.raw_truth import ROOT, SHARED, copy_files

Warehouse = duckdb.DuckDBPyConnection


def open_release(name: str, source: str, data: Path) -> Warehouse:
    """The analyst's warehouse that a run publishes; `source` is the place below raw/, clinic/source."""
    copy_files(SHARED / name, data / "raw" / source)
    copy_files(ROOT / "tests" / "real" / name, data)
    ingest_all(data)
    build_release(data)
    return duckdb.connect(str(data / "warehouse" / "analyst.duckdb"), read_only=True)
