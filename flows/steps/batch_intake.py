"""The batches of one export on their way: canonicalised, judged, counted, written in their order.

Batches are judged side by side; only a few are ever in memory, whatever the length of the file and however much of it
is bad.
"""

from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
import pyarrow as pa

from flows.readers.table import Batch
from flows.steps import times
from flows.steps.canonicalise import CONTRACTS, PER_VISIT
from flows.steps.cells import Context, export_name
from flows.steps.deletions import to_deletions, withdrawn
from flows.steps.discover import Export
from flows.steps.judge import STANDING, judge, offending_cells, without
from flows.steps.land import Landing
from flows.steps.plausibility import Samples
from flows.steps.receipt import Receipt
from flows.steps.refused_records import refused_records
from flows.steps.responses import FAILURE_COLUMNS, measured, read_responses, with_visits
from flows.steps.session_keys import Keyed, SessionKeys, keyed
from flows.steps.survey_blocks import Block
from flows.steps.validate import severities
from schemas.source import Source

WORKERS = (
    2  # batches judged side by side; more only costs memory, Polars and Arrow use the other cores
)
_NO_LINES = pl.Series("line", [], pl.Int64)


@dataclass(frozen=True)
class Taken:
    """What became of one batch: rows to write, failures with their text, line counts."""

    tables: list[tuple[str, pa.Table]]
    refused: pl.DataFrame
    refused_records: pl.DataFrame  # what the refused rows are known by
    n_read: int
    n_accepted: int
    n_refused: int
    n_parts: int
    newest: datetime | None
    sessions: Keyed | None
    measured: list[tuple[str, pl.Series, pl.Series]]  # what has a unit: quantity, people, values


class BatchIntake:
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
        self._samples = Samples()
        self.reasons: Counter[tuple[str, str]] = Counter()  # rows refused, by rule and column
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
        self.landing.write_aside("session_near", self._keys.near_lines().to_frame("line"))
        self.receipt.logged_days = [str(day) for day in sorted(self._keys.days)]
        self.receipt.medians = self._samples.medians()

    def _keep(self, taken: Taken) -> None:
        for table, rows in taken.tables:
            self.landing.write(table, rows)
        self.landing.write_aside("refused", taken.refused)
        self.landing.write_aside("refused_record", taken.refused_records)
        if taken.sessions is not None:
            self._keys.add(taken.sessions)
        for sample in taken.measured:
            self._samples.add(*sample)
        self._count(taken.refused.filter(pl.col("severity") != "warning"))
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

    def _count(self, refused: pl.DataFrame) -> None:
        self._rules.update(dict(refused.group_by("rule_id").len().iter_rows()))
        rows = refused.filter(~pl.col("severity").is_in(STANDING))
        for rule_id, column, n in rows.group_by("rule_id", "column_name").len().iter_rows():
            self.reasons[rule_id, column] += n

    def _take(self, batch: Batch) -> Taken:
        """One batch through canonicalise and validate, ready to be written."""
        table = self.source.mapping.table
        sessions = None
        if self.blocks:
            landed, failures, known = self._take_survey(batch)
        else:
            accepted, failures, known = self._take_rows(batch)
            landed = [(table, accepted)]
            if table == "session":
                sessions = keyed(accepted)
        if batch.deleted.height:
            landed.append(("deleted", batch.deleted))
        n_accepted, n_refused, n_parts = _counts(landed, failures)
        broken = batch.broken.with_columns(
            severities(), column_name=pl.lit(""), allowed=pl.lit(""), part=pl.lit("")
        )
        failures = pl.concat([failures, broken.select(FAILURE_COLUMNS)])
        refused = failures.hstack([offending_cells(failures, batch.frame)])
        return Taken(
            [(name, self.landing.to_arrow(name, frame)) for name, frame in landed],
            refused,
            known,
            batch.n_read,
            n_accepted,
            n_refused + batch.broken.height,
            n_parts,
            self._newest_in(batch.frame),
            sessions,
            measured(landed, self.context.instruments),
        )

    def _take_rows(self, batch: Batch) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        rows, failures = judge(batch.frame, self.source, self.path, self.context, self.contract)
        (accepted,) = without(failures, rows)
        return accepted, failures, self._known_by(rows, failures)

    def _known_by(self, rows: pl.DataFrame, failures: pl.DataFrame) -> pl.DataFrame:
        """What could be read of the keys of the refused rows, people as pseudonyms."""
        if "participant_id" not in rows.columns:
            return pl.DataFrame()  # without its id a deletion is nobody's
        lines = failures.filter(~pl.col("severity").is_in(STANDING))["line"]
        known = refused_records(rows, lines, self.source.mapping.table, self.source.source_id)
        keys = self.landing.pseudonyms.encode(known["participant_id"]).cast(pa.string())
        return known.with_columns(pl.Series("participant_key", keys, pl.String)).drop(
            "participant_id"
        )

    def _take_survey(
        self, batch: Batch
    ) -> tuple[list[tuple[str, pl.DataFrame]], pl.DataFrame, pl.DataFrame]:
        all_failures, landed, known = [], [], []
        for block in self.blocks:
            rows, failures = judge(
                batch.frame, block.source, self.path, self.context, self.contract
            )
            known.append(self._known_by(rows, failures))
            rows, text = without(failures, rows, batch.frame)
            in_error = withdrawn(rows)
            landed.append(("deleted", to_deletions(rows.filter(in_error))))
            rows, text = rows.filter(~in_error), text.filter(~in_error)
            rows, nowhere = with_visits(rows, text, block, self.source.mapping.dialect.missing)
            failures = pl.concat([failures, nowhere.select(FAILURE_COLUMNS)])
            rows, text = without(nowhere, rows, text)
            found = read_responses(rows, text, block)
            all_failures += [_of_block(failures, block)]
            all_failures += [f.select(FAILURE_COLUMNS) for f in found.failures]
            landed += [("survey_response", frame) for frame in found.answers]
            landed += [("score", frame) for frame in found.totals]
        told = pl.concat(all_failures).unique(maintain_order=True)
        return landed, told, pl.concat(known).unique("line", maintain_order=True)

    def _newest_in(self, text: pl.DataFrame) -> datetime | None:
        origin, _, name = self.source.mapping.exported_at.partition(":")
        if origin != "column":
            return None
        dialect = self.source.mapping.dialect
        newest = times.read_times(
            text[name], times.formats(dialect.date_order, None), dialect.missing
        ).at.max()
        return newest if isinstance(newest, datetime) else None


def _of_block(failures: pl.DataFrame, block: Block) -> pl.DataFrame:
    """What stands in a wide block's own columns concerns that block alone."""
    if block.visit is None:
        return failures
    columns = block.source.mapping.columns.items()
    own = pl.col("column_name").is_in([export_name(n, c) for n, c in columns if n in PER_VISIT])
    is_row = own & (pl.col("severity") == "row")
    return failures.with_columns(
        part=pl.when(own).then(pl.lit(f"@{block.visit}")).otherwise("part"),
        severity=pl.when(is_row).then(pl.lit("response")).otherwise("severity"),
    )


def _counts(landed: list[tuple[str, pl.DataFrame]], failures: pl.DataFrame) -> tuple[int, int, int]:
    """Records accepted and refused, and parts refused inside accepted ones: questionnaires, and single cells."""
    lines = [frame["line"] for _, frame in landed]
    accepted = lines[0] if len(lines) == 1 else pl.concat([_NO_LINES, *lines]).unique()
    if failures.is_empty():
        return len(accepted), 0, 0
    told = failures.filter(_is_among(failures["line"], accepted))
    is_hard = ~pl.col("severity").is_in(STANDING)
    n_refused = (
        failures.filter(is_hard)["line"].n_unique() - told.filter(is_hard)["line"].n_unique()
    )
    parts = told.filter(is_hard).select("line", "part").n_unique()
    return len(accepted), n_refused, parts + told.filter(pl.col("severity") == "cell").height


def _is_among(lines: pl.Series, accepted: pl.Series) -> pl.Series:
    """Which of a few lines stand among many: by place, since a table of the many would cost more than all else here."""
    if accepted.is_empty():
        return pl.repeat(False, len(lines), eager=True)
    ordered = accepted if accepted.is_sorted() else accepted.sort()
    place = ordered.search_sorted(lines).clip(upper_bound=len(ordered) - 1)
    return ordered.gather(place) == lines
