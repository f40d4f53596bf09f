"""One export, from its bytes to landed Parquet and refused cells: read, canonicalise, validate, land.

Nothing is visible until the whole file went through; the receipt is what the ledger keeps of it.
"""

from dataclasses import asdict
from pathlib import Path

from flows.readers import READERS
from flows.readers.table import WORK_FOLDER, TextTable
from flows.steps.batch_intake import BatchIntake
from flows.steps.canonicalise import wanted_columns
from flows.steps.cells import Context, export_name
from flows.steps.date_order import settle_date_order
from flows.steps.decimal_mark import settle_decimal
from flows.steps.deletions import read_as_deletions
from flows.steps.discover import Export, exported_at
from flows.steps.judge import ORIGINS, column_origin
from flows.steps.land import Landing
from flows.steps.pseudonym import Pseudonyms, read_key
from flows.steps.receipt import Receipt
from flows.steps.refused_file import is_above_ceiling, refuse_above_ceiling
from flows.steps.survey_blocks import Block, find_blocks
from schemas.errors import ExportUnreadable
from schemas.source import Source


class StillGrowing(Exception):
    """The file changed while it was read; it waits for the next run."""


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
    export = read_as_deletions(export)
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
    receipt = _new_receipt(export, table, wanted, blocks)
    provenance = {
        "clinic_id": mapping.clinic,
        "source_id": source.source_id,
        "file_key": export.key,
        "file_sha256": export.sha256,
    }
    pseudonyms = Pseudonyms(read_key(keys, mapping.clinic), mapping.clinic)
    with Landing(warehouse, export.key, provenance, pseudonyms) as landing:
        intake = BatchIntake(export, context, landing, blocks, receipt)
        intake.run(table.batches(wanted))
        receipt.exported_at = exported_at(source, export, intake.newest).isoformat()
        _check_unchanged(export)
        receipt.dialect = dict(table.receipt)  # complete only after the last batch
        if is_above_ceiling(asdict(receipt), context.policy):
            landing.drop_rows()
            refuse_above_ceiling(receipt, intake.reasons)
        receipt.landed_rows = dict(landing.n_rows)
        receipt.landed = landing.keep()
    return receipt


def _blocks(export: Export, table: TextTable, context: Context) -> list[Block]:
    if export.source.mapping.table != "survey":
        return []
    return find_blocks(export.source, table.columns, context.instruments, export.label)


def _new_receipt(
    export: Export, table: TextTable, wanted: tuple[str, ...], blocks: list[Block]
) -> Receipt:
    mapping = export.source.mapping
    return Receipt(
        export.key, mapping.clinic, export.source.source_id, mapping.table, export.name, export.sha256, mapping.mode,
        mapping.timezone or "UTC", mapping.data_through,
        dialect=table.receipt, columns=_column_names(export.source, blocks), unmapped_columns=[c for c in table.columns or () if c not in wanted],
    )  # fmt: skip


def _column_names(source: Source, blocks: list[Block]) -> dict[str, str]:
    """The export's name of each canonical column, and of each total (`phq9.total@WK4`): where a build points to."""
    mapped = source.mapping.columns
    names = {name: export_name(name, column) for name, column in mapped.items()}
    derived = {n: column_origin(n, source) for n, o in ORIGINS.items() if set(o) & set(mapped)}
    totals = {
        f"{form.instrument.id}.{score_id}" + (f"@{block.visit}" if block.visit else ""): column
        for block in blocks
        for form in block.forms
        for score_id, column in form.scores.items()
    }
    return {**derived, **names, **totals}


def _check_unchanged(export: Export) -> None:
    """The bytes read must be those that were hashed."""
    stat = export.path.stat()
    if (stat.st_size, stat.st_mtime_ns) != (export.size, export.mtime_ns):
        raise StillGrowing(export.label)
