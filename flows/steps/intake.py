"""All exports of a data folder: what is new, what stays, what is gone.

`plan_intake`, `take_in` per file and `finish_intake` are the three moves; the Prefect flow and the plain run make
the same ones.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.steps.canonicalise import Context
from flows.steps.discover import Export, find_exports, find_sources
from flows.steps.ingest_file import StillGrowing, ingest_file
from flows.steps.ledger import Ledger, Problem, read_ledger, read_receipt, write_ledger, write_receipt
from schemas.errors import ExitCode, UserError
from schemas.instrument import SHIPPED, read_instruments
from schemas.policy import read_policy
from schemas.vocabulary import read_vocabularies


@dataclass
class Intake:
    """What a run has to do (`new`) and what it need not touch again (`files`)."""

    data: Path
    context: Context
    before: Ledger
    new: list[Export] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    n_taken: int = 0

    @property
    def warehouse(self) -> Path:
        """Where things are built."""
        return self.data / "warehouse"


def read_context(data: Path) -> Context:
    """Vocabularies, questionnaires and policy, with the user's own."""
    return Context(
        read_vocabularies(data / "vocabulary.toml"),
        read_instruments(SHIPPED, data / "instruments"),
        read_policy(data / "policy.toml"),
    )


def plan_intake(data: Path) -> Intake:
    """Find sources and files, and tell the new ones from those already landed."""
    plan = Intake(data, read_context(data), read_ledger(data / "warehouse"))
    sources, wrong = find_sources(data / "raw", plan.context)
    for error in wrong:
        plan.problems.append(Problem(ExitCode.SOURCE_WRONG, error.message))
    unread = {str(path.relative_to(data)) for path in _mappings(data)} - {str(s.path.relative_to(data)) for s in sources}
    plan.files += [f for f in plan.before.files if f["source_path"] in unread]  # a wrong mapping touches nothing
    for source in sources:
        for export in find_exports(source, plan.context):
            receipt = read_receipt(plan.warehouse, export.key)
            if receipt is None:
                plan.new.append(export)
            else:
                plan.files.append(receipt | {"source_path": str(source.path.relative_to(data))})
    if not plan.files and not plan.new and not plan.problems:
        plan.problems.append(Problem(
            ExitCode.NO_EXPORTS, f"no exports found below {data / 'raw'}; put a source.toml beside the export files (docs/adding.md)"))
    return plan


def _mappings(data: Path) -> list[Path]:
    return [*(data / "raw").rglob("source.toml"), *(data / "raw").rglob("*.source.toml")]


def take_in(plan: Intake, export: Export) -> dict[str, Any] | None:
    """Take one new file in; on trouble keep what an earlier version of it had brought, and say why."""
    try:
        receipt = ingest_file(export, plan.context, plan.warehouse, plan.data / "keys").to_dict()
    except StillGrowing:
        plan.waiting.append(export.label)
        _keep_before(plan, export)
        return None
    except UserError as error:
        folder = export.label.removesuffix(export.path.name)  # readers name the file alone
        message = error.message if error.message.startswith(folder) else folder + error.message
        plan.problems.append(Problem(error.exit_code, message))
        _keep_before(plan, export)
        return None
    receipt["source_path"] = str(export.source.path.relative_to(plan.data))
    write_receipt(plan.warehouse, receipt)
    plan.files.append(receipt)
    plan.n_taken += 1
    return receipt


def _keep_before(plan: Intake, export: Export) -> None:
    identity = (export.source.mapping.clinic, export.source.source_id, export.name)
    plan.files += [f for f in plan.before.files if (f["clinic_id"], f["source_id"], f["file_name"]) == identity]


def finish_intake(plan: Intake) -> Ledger:
    """Put the new ledger in force. Files that are gone from `raw` are simply no longer in it."""
    ledger = Ledger(plan.files, plan.problems)
    write_ledger(plan.warehouse, ledger)
    return ledger
