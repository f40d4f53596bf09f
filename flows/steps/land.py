"""Typed rows to Parquet, one set of files per export, all or nothing.

Written under a temporary name, synced, renamed; a key's files never change afterwards. pyarrow writes, because
it keeps schema and provenance in the file's metadata. People are dictionary-encoded: each id is hashed once.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from flows.steps.pseudonym import Pseudonyms
from schemas.landed import ASIDE, CONTRACT_VERSION, LANDED

# Room for every id of a row group: with the default of 1 MB pyarrow would give up on dictionaries and write each key out.
_DICTIONARY_BYTES = 64 << 20
_GLANCE = 1000  # rows, of which most columns with two words show both


class Landing:
    """The Parquet files of one export while they are written; use as a context manager, then `keep`."""

    def __init__(
        self, warehouse: Path, key: str, provenance: Mapping[str, str], pseudonyms: Pseudonyms
    ) -> None:
        self.warehouse, self.key, self.provenance, self.pseudonyms = (
            warehouse,
            key,
            provenance,
            pseudonyms,
        )
        self.n_rows: dict[str, int] = {}
        self._writers: dict[str, pq.ParquetWriter] = {}

    def __enter__(self) -> "Landing":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Whatever was not kept is thrown away."""
        for table, writer in self._writers.items():
            try:
                writer.close()
            finally:  # closing writes a footer, which a full disk refuses
                self._draft(table).unlink(missing_ok=True)

    def to_arrow(self, table: str, rows: pl.DataFrame) -> pa.Table:
        """Accepted rows (`line`, `participant_id`, canonical columns) as they will be written; may run in any thread."""
        columns = {
            field.name: self.pseudonyms.encode(rows["participant_id"])
            if field.name == "participant_key"
            else _column(rows, field, self.provenance)
            for field in LANDED[table]
        }
        return pa.table(columns, schema=LANDED[table])

    def write(self, table: str, rows: pa.Table) -> None:
        """Append rows of a canonical table; in the order of the export, from one thread."""
        if rows.num_rows:
            self._writer(table, LANDED[table]).write_table(rows, row_group_size=1 << 20)
            self.n_rows[table] = self.n_rows.get(table, 0) + rows.num_rows

    def write_aside(self, table: str, rows: pl.DataFrame) -> None:
        """Append to one of the files beside the canonical tables: `refused` cells, `session_repeat` lines."""
        if rows.height:
            schema = ASIDE[table]
            columns = {field.name: _column(rows, field, self.provenance) for field in schema}
            self._writer(table, schema).write_table(pa.table(columns, schema=schema))
            self.n_rows[table] = self.n_rows.get(table, 0) + rows.height

    def drop_rows(self) -> None:
        """Throw the rows away and keep what was refused: the file is refused whole."""
        for table in [table for table in self._writers if not table.startswith("refused")]:
            self._writers.pop(table).close()
            self._draft(table).unlink(missing_ok=True)
            del self.n_rows[table]

    def keep(self) -> dict[str, str]:
        """Finish all files and give them their names; returns table -> path below the warehouse."""
        kept = {}
        for table, writer in self._writers.items():
            writer.close()
            _sync(self._draft(table))
        for table in list(self._writers):
            self._draft(table).replace(self.path(table))
            _sync(self.path(table).parent)
            kept[table] = self.path(table).relative_to(self.warehouse).as_posix()
            del self._writers[table]
        return kept

    def path(self, table: str) -> Path:
        """Where a table's file of this export lies."""
        clinic, source = self.provenance["clinic_id"], self.provenance["source_id"]
        root = self.warehouse / ("refused" if table == "refused" else f"parquet/{table}")
        return root / f"clinic={clinic}" / f"source={source}" / f"{self.key}.parquet"

    def _draft(self, table: str) -> Path:
        return self.path(table).with_suffix(f".{os.getpid()}.tmp")

    def _writer(self, table: str, schema: pa.Schema) -> pq.ParquetWriter:
        if table not in self._writers:
            draft = self._draft(table)
            draft.parent.mkdir(parents=True, exist_ok=True)
            metadata = {**self.provenance, "contract_version": CONTRACT_VERSION, "table": table}
            coded, packed = _encodings(schema)
            self._writers[table] = pq.ParquetWriter(
                draft,
                schema.with_metadata(metadata),
                compression="zstd",
                use_dictionary=coded,
                column_encoding=packed,
                dictionary_pagesize_limit=_DICTIONARY_BYTES,
                write_statistics=["line", "local_date", "started_at"],
            )
        return self._writers[table]


def _encodings(schema: pa.Schema) -> tuple[list[str], dict[str, str] | None]:
    """Columns written by a dictionary, and the encoding of others: what is small before zstd sees it is cheap to write and read.

    Figures are few (minutes, points of a scale), whatever their type; line numbers and times grow by small steps.
    """
    coded, packed = [], {}
    for field in schema:
        if pa.types.is_dictionary(field.type) or pa.types.is_floating(field.type):
            coded.append(field.name)
        elif pa.types.is_int64(field.type) or pa.types.is_timestamp(field.type):
            packed[field.name] = "DELTA_BINARY_PACKED"
    return coded, packed or None


def _column(rows: pl.DataFrame, field: pa.Field, provenance: Mapping[str, str]) -> pa.Array:
    """One column as Arrow."""
    if field.name in provenance:
        return _constant(provenance[field.name], rows.height)
    if field.name not in rows.columns or rows[field.name].null_count() == rows.height:
        return pa.nulls(rows.height, field.type)
    series = rows[field.name]
    return (
        _words(series) if pa.types.is_dictionary(field.type) else series.to_arrow().cast(field.type)
    )


def _words(series: pl.Series) -> pa.Array:
    """A column of a few words, which often is but one."""
    is_one = series.null_count() == 0 and (series.head(_GLANCE) == series[0]).all()
    if is_one and (series == series[0]).all():
        return _constant(series[0], len(series))
    coded = series.cast(pl.Categorical(pl.Categories.random())).to_arrow()
    return pa.DictionaryArray.from_arrays(
        coded.indices.cast(pa.int32()), coded.dictionary.cast(pa.string())
    )


def _constant(word: str, n_rows: int) -> pa.Array:
    zeros = pa.repeat(pa.scalar(0, pa.int32()), n_rows)
    return pa.DictionaryArray.from_arrays(zeros, pa.array([word], pa.string()))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
