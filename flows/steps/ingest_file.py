"""One export, from its bytes to landed Parquet and refused cells: read, canonicalise, validate, land.

Nothing is visible until the whole file went through; the receipt is what the ledger keeps of it.
"""

from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from flows.readers import READERS
from flows.readers.table import WORK_FOLDER, Batch, TextTable
from flows.steps import times
from flows.steps.canonicalise import CONTRACTS, PER_VISIT, wanted_columns
from flows.steps.cells import Context, export_name
from flows.steps.date_order import settle_date_order
from flows.steps.decimal_mark import settle_decimal
from flows.steps.discover import Export, exported_at
from flows.steps.judge import judge, offending_cells, without
from flows.steps.land import Landing
from flows.steps.pseudonym import Pseudonyms, read_key
from flows.steps.responses import FAILURE_COLUMNS, read_responses, with_visits
from flows.steps.session_keys import SessionKeys, key_hashes, logged_days
from flows.steps.survey_blocks import Block, find_blocks
from schemas.errors import ExportUnreadable
from schemas.source import Source

WORKERS = (
    2  # batches judged side by side; more only costs memory, Polars and Arrow use the other cores
)


class StillGrowing(Exception):
    """The file changed while it was read; it waits for the next run."""


@dataclass
class Receipt:
    """What one export became. Rows are source records; rows_read = landed + refused + ignored."""

    file_key: str
    clinic_id: str
    source_id: str
    table: str
    file_name: str
    file_sha256: str
    mode: str
    timezone: str
    data_through: str | None
    exported_at: str = ""
    rows_read: int = 0
    rows_landed: int = 0
    rows_refused: int = 0
    rows_ignored: int = 0
    parts_refused: int = 0
    refused_by_rule: dict[str, int] = field(default_factory=dict)
    logged_days: list[str] = field(default_factory=list)
    landed: dict[str, str] = field(default_factory=dict)
    landed_rows: dict[str, int] = field(default_factory=dict)
    dialect: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    unmapped_columns: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """As the ledger stores it."""
        return asdict(self)


def ingest_file(export: Export, context: Context, warehouse: Path, keys: Path) -> Receipt:
    """Take one export in; raises ExportUnreadable (nothing is left behind) or StillGrowing."""
    work = warehouse / ".work"
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    before = WORK_FOLDER.set(work)
    try:
        return _ingest_file(export, context, warehouse, keys)
    finally:
        WORK_FOLDER.reset(before)


def _ingest_file(export: Export, context: Context, warehouse: Path, keys: Path) -> Receipt:
    source, mapping = export.source, export.source.mapping
    if mapping.reader not in READERS:
        raise ExportUnreadable(
            f"{export.label}: reader '{mapping.reader}' in source.toml is not one of {', '.join(READERS)}"
        )
    table = READERS[mapping.reader](export.path, mapping.dialect, wanted_columns(source))
    export = settle_date_order(export, table)
    blocks = _blocks(export, table, context)
    answers = tuple(c for block in blocks for form in block.forms for c in form.columns)
    export = settle_decimal(export, table, answers)
    blocks = _blocks(export, table, context)
    wanted = tuple(
        dict.fromkeys([*wanted_columns(source), *(c for block in blocks for c in block.columns)])
    )
    receipt = _new_receipt(export, table, wanted)
    provenance = {
        "clinic_id": mapping.clinic,
        "source_id": source.source_id,
        "file_key": export.key,
        "file_sha256": export.sha256,
    }
    pseudonyms = Pseudonyms(read_key(keys, mapping.clinic), mapping.clinic)
    with Landing(warehouse, export.key, provenance, pseudonyms) as landing:
        intake = _Intake(export, context, landing, blocks, receipt)
        intake.run(table.batches(wanted))
        receipt.exported_at = exported_at(source, export, intake.newest).isoformat()
        _check_unchanged(export)
        receipt.dialect = dict(table.receipt)  # complete only after the last batch
        receipt.landed_rows = dict(landing.n_rows)
        receipt.landed = landing.keep()
    return receipt


def _blocks(export: Export, table: TextTable, context: Context) -> list[Block]:
    if export.source.mapping.table != "survey":
        return []
    return find_blocks(export.source, table.columns, context.instruments, export.label)


def _new_receipt(export: Export, table: TextTable, wanted: tuple[str, ...]) -> Receipt:
    mapping = export.source.mapping
    return Receipt(
        export.key, mapping.clinic, export.source.source_id, mapping.table, export.name, export.sha256, mapping.mode,
        mapping.timezone or "UTC", mapping.data_through,
        dialect=table.receipt, columns={n: export_name(n, c) for n, c in mapping.columns.items()}, unmapped_columns=[c for c in table.columns or () if c not in wanted],
    )  # fmt: skip


def _check_unchanged(export: Export) -> None:
    """The bytes read must be those that were hashed."""
    stat = export.path.stat()
    if (stat.st_size, stat.st_mtime_ns) != (export.size, export.mtime_ns):
        raise StillGrowing(export.label)


@dataclass(frozen=True)
class Taken:
    """What became of one batch: rows to write, failures with their text, line counts."""

    tables: list[tuple[str, pa.Table]]
    refused: pl.DataFrame
    n_read: int
    n_accepted: int
    n_refused: int
    n_parts: int
    newest: datetime | None
    sessions: tuple[pl.Series, pl.Series, pl.Series] | None  # key hashes, lines, days


class _Intake:
    """The batches of one export on their way; counts go to the receipt, rows to the landing."""

    def __init__(
        self,
        export: Export,
        context: Context,
        landing: Landing,
        blocks: list[Block],
        receipt: Receipt,
    ) -> None:
        self.export, self.context, self.landing, self.blocks, self.receipt = (
            export,
            context,
            landing,
            blocks,
            receipt,
        )
        self.source: Source = export.source
        self.contract = CONTRACTS[self.source.mapping.table].to_schema()
        self.path = Path(export.name)
        self.newest: datetime | None = None
        self._keys = SessionKeys()
        self._rules: Counter[str] = Counter()

    def run(self, batches: Iterator[Batch]) -> None:
        """Judge batches side by side, write them in their order; never more than a few in memory."""
        with ThreadPoolExecutor(WORKERS) as pool:
            waiting: deque[Future[Taken]] = deque()
            for batch in batches:
                waiting.append(pool.submit(self._take, batch))
                if len(waiting) > WORKERS:
                    self._keep(waiting.popleft().result())
            while waiting:
                self._keep(waiting.popleft().result())
        self.landing.write_aside("session_repeat", self._keys.repeated_lines().to_frame("line"))
        self.receipt.logged_days = [str(day) for day in sorted(self._keys.days)]

    def _keep(self, taken: Taken) -> None:
        for table, rows in taken.tables:
            self.landing.write(table, rows)
        self.landing.write_aside("refused", taken.refused)
        if taken.sessions is not None:
            self._keys.add(*taken.sessions)
        self._rules.update(dict(taken.refused.group_by("rule_id").len().iter_rows()))
        self.newest = max(
            (day for day in (self.newest, taken.newest) if day is not None), default=None
        )
        receipt = self.receipt
        receipt.rows_read += taken.n_read
        receipt.rows_landed += taken.n_accepted
        receipt.rows_refused += taken.n_refused
        receipt.rows_ignored += taken.n_read - taken.n_accepted - taken.n_refused
        receipt.parts_refused += taken.n_parts
        receipt.refused_by_rule = dict(sorted(self._rules.items()))

    def _take(self, batch: Batch) -> Taken:
        """One batch through canonicalise and validate, ready to be written."""
        sessions = None
        if self.blocks:
            tables, failures, n_accepted, n_refused, n_parts = self._take_survey(batch)
        else:
            accepted, failures = self._take_rows(batch)
            table = self.source.mapping.table
            tables, n_accepted, n_parts = (
                [(table, self.landing.to_arrow(table, accepted))],
                accepted.height,
                0,
            )
            n_refused = batch.frame.height - accepted.height
            sessions = (
                (key_hashes(accepted), accepted["line"], logged_days(accepted))
                if table == "session"
                else None
            )
        broken = batch.broken.with_columns(
            column_name=pl.lit(""), allowed=pl.lit(""), part=pl.lit("")
        )
        failures = pl.concat([failures, broken.select(FAILURE_COLUMNS)])
        refused = failures.hstack([offending_cells(failures, batch.frame)])
        return Taken(
            tables,
            refused,
            batch.n_read,
            n_accepted,
            n_refused + batch.broken.height,
            n_parts,
            self._newest_in(batch.frame),
            sessions,
        )

    def _take_rows(self, batch: Batch) -> tuple[pl.DataFrame, pl.DataFrame]:
        rows, failures = judge(batch.frame, self.source, self.path, self.context, self.contract)
        (accepted,) = without(failures, rows)
        return accepted, failures

    def _take_survey(
        self, batch: Batch
    ) -> tuple[list[tuple[str, pa.Table]], pl.DataFrame, int, int, int]:
        all_failures, landed = [], []
        for block in self.blocks:
            rows, failures = judge(
                batch.frame, block.source, self.path, self.context, self.contract
            )
            rows, text = without(failures, rows, batch.frame)
            rows, nowhere = with_visits(rows, text, block, self.source.mapping.dialect.missing)
            failures = pl.concat([failures, nowhere.select(FAILURE_COLUMNS)])
            rows, text = without(nowhere, rows, text)
            found = read_responses(rows, text, block)
            if (
                block.visit is not None
            ):  # what stands in a block's own columns concerns that block alone
                own = [
                    export_name(n, c)
                    for n, c in block.source.mapping.columns.items()
                    if n in PER_VISIT
                ]
                part = (
                    pl.when(pl.col("column_name").is_in(own))
                    .then(pl.lit(f"@{block.visit}"))
                    .otherwise("part")
                )
                failures = failures.with_columns(part=part)
            all_failures += [failures, *(f.select(FAILURE_COLUMNS) for f in found.failures)]
            landed += [("survey_response", frame) for frame in found.answers] + [
                ("score", frame) for frame in found.totals
            ]
        failures = pl.concat(all_failures).unique(maintain_order=True)
        accepted = (
            pl.concat([frame["line"] for _, frame in landed] or [pl.Series("line", [], pl.Int64)])
            .unique()
            .implode()
        )
        bad = failures["line"].unique()
        n_parts = failures.filter(pl.col("line").is_in(accepted)).select("line", "part").n_unique()
        tables = [(table, self.landing.to_arrow(table, frame)) for table, frame in landed]
        return tables, failures, len(accepted[0]), int((~bad.is_in(accepted)).sum()), n_parts

    def _newest_in(self, text: pl.DataFrame) -> datetime | None:
        origin, _, name = self.source.mapping.exported_at.partition(":")
        if origin != "column":
            return None
        dialect = self.source.mapping.dialect
        newest = times.read_times(
            text[name], times.formats(dialect.date_order, None), dialect.missing
        ).at.max()
        return newest if isinstance(newest, datetime) else None
