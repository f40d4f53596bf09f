"""All exports of a data folder: what is new, what stays, what is gone.

`plan_intake`, `take_in` per file and `finish_intake` are the three moves; the Prefect flow and the plain run make
the same ones.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.steps.cells import Context
from flows.steps.discover import Export, find_export_files, find_sources, read_export
from flows.steps.failures import is_machine_failure, to_user_error
from flows.steps.ingest_file import StillGrowing, ingest_file
from flows.steps.ledger import (
    Ledger,
    Problem,
    clear_leftovers,
    read_ledger,
    read_receipt,
    write_ledger,
    write_receipt,
)
from flows.steps.plausibility import find_implausible
from flows.steps.refused_file import (
    CEILING,
    is_above_ceiling,
    refusal_message,
    refuse_implausible,
)
from schemas.errors import ExitCode, SourceWrong
from schemas.instrument import SHIPPED, read_instruments
from schemas.landed import CONTRACT_VERSION
from schemas.policy import read_policy
from schemas.source import Source
from schemas.vocabulary import read_vocabularies


@dataclass
class Intake:
    """What a run has to do (`new`), what it need not touch again (`files`), and files refused whole (`refused`)."""

    data: Path
    context: Context
    before: Ledger
    new: list[Export] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
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
    """Find sources and files, and tell the new ones from those already landed; the caller holds the run lock."""
    clear_leftovers(data / "warehouse")
    plan = Intake(data, read_context(data), read_ledger(data / "warehouse"))
    sources, wrong = find_sources(data / "raw", plan.context)
    plan.problems += [Problem(ExitCode.SOURCE_WRONG, error.message) for error in wrong]
    unread = {_below(data, path) for path in _mappings(data)} - {
        _below(data, s.path) for s in sources
    }
    _keep(plan, lambda file: file["source_path"] in unread)  # a wrong mapping touches nothing
    for source in sources:
        for path in find_export_files(source):
            _plan_file(plan, source, path)
    if not plan.files and not plan.new and not plan.problems:
        told = f"no exports found below {data / 'raw'}; put a source.toml beside the export files (docs/adding.md)"
        plan.problems.append(Problem(ExitCode.NO_EXPORTS, told))
    return plan


def _mappings(data: Path) -> list[Path]:
    return [*(data / "raw").rglob("source.toml"), *(data / "raw").rglob("*.source.toml")]


def _below(data: Path, path: Path) -> str:
    return str(path.relative_to(data))


def _plan_file(plan: Intake, source: Source, path: Path) -> None:
    try:
        export = read_export(source, path, plan.context)
    except FileNotFoundError:
        return  # withdrawn between listing and opening
    except OSError as error:
        label = f"{source.mapping.clinic}/{source.source_id}/{path.relative_to(source.folder).as_posix()}"
        told = f"{label}: cannot be opened ({error.strerror}); mend that, then run again"
        plan.problems.append(Problem(ExitCode.EXPORT_UNREADABLE, told))
        _keep_before(plan, source, path.relative_to(source.folder).as_posix())
        return
    receipt = read_receipt(plan.warehouse, export.key)
    policy = plan.context.policy
    if receipt is None or is_above_ceiling(receipt, policy) != (receipt["refused_by"] == CEILING):
        plan.new.append(export)  # also where the ceiling was moved since it was read
    else:
        _put_in_place(plan, receipt | {"source_path": _below(plan.data, source.path)})


def _put_in_place(plan: Intake, receipt: dict[str, Any]) -> None:
    """Let a file stand; if it was refused whole, its earlier version instead."""
    if not receipt["refused_by"]:
        plan.files.append(receipt)
        return
    plan.refused.append(receipt)
    identity = _identity(receipt)
    key = receipt["file_key"]  # it may have been in force itself until now
    _keep(plan, lambda f: _identity(f) == identity and f["file_key"] != key, with_refused=False)


def take_in(plan: Intake, export: Export) -> dict[str, Any] | None:
    """Take one new file in; on trouble keep what an earlier version of it had brought, and say why."""
    try:
        receipt = ingest_file(export, plan.context, plan.warehouse, plan.data / "keys").to_dict()
    except StillGrowing:
        plan.waiting.append(export.label)
    except Exception as error:
        if _has_changed(export):  # then what went wrong is no verdict on the file as it will be
            plan.waiting.append(export.label)
        elif is_machine_failure(error):
            raise
        else:
            plan.problems.append(_problem(plan, export, error))
    else:
        receipt |= {
            "source_path": _below(plan.data, export.source.path),
            "contract_version": CONTRACT_VERSION,
        }
        write_receipt(plan.warehouse, receipt)
        _put_in_place(plan, receipt)
        if receipt["refused_by"]:
            return None
        plan.n_taken += 1
        return receipt
    _keep_before(plan, export.source, export.name)
    return None


def _has_changed(export: Export) -> bool:
    try:
        stat = export.path.stat()
    except FileNotFoundError:
        return True
    return (stat.st_size, stat.st_mtime_ns) != (export.size, export.mtime_ns)


def _problem(plan: Intake, export: Export, error: Exception) -> Problem:
    """A file that the machine can read and we cannot, or a bug that it brought up; the others go on."""
    told = to_user_error(error, plan.warehouse)
    if isinstance(error, SourceWrong):
        return Problem(told.exit_code, told.message)
    folder = export.label.removesuffix(export.path.name)  # readers name the file alone
    if told.message.startswith(folder):
        return Problem(told.exit_code, told.message)
    prefix = folder if told.message.startswith(export.path.name) else f"{export.label}: "
    return Problem(told.exit_code, prefix + told.message)


def _keep_before(plan: Intake, source: Source, name: str) -> None:
    identity = (source.mapping.clinic, source.source_id, name)
    _keep(plan, lambda file: _identity(file) == identity)


def _identity(file: dict[str, Any]) -> tuple[str, str, str]:
    return file["clinic_id"], file["source_id"], file["file_name"]


def _keep(
    plan: Intake, is_kept: Callable[[dict[str, Any]], bool], with_refused: bool = True
) -> None:
    """Let files of the last ledger stand. Not across contracts: their columns would no longer fit the others'."""

    def kept(files: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [f for f in files if f.get("contract_version") == CONTRACT_VERSION and is_kept(f)]

    plan.files += kept(plan.before.files)
    if with_refused:
        plan.refused += kept(plan.before.refused)


def finish_intake(plan: Intake) -> Ledger:
    """Put the new ledger in force. Files that are gone from `raw` are simply no longer in it."""
    _refuse_implausible(plan)
    _tell_refused(plan)
    write_ledger(plan.warehouse, Ledger(plan.files, plan.problems, plan.refused))
    return read_ledger(plan.warehouse)


def _refuse_implausible(plan: Intake) -> None:
    """Take files in a unit of their own out of force; only all files together show which ones these are."""
    for verdict in find_implausible(plan.files, plan.context.policy):
        (receipt,) = (file for file in plan.files if file["file_key"] == verdict.file_key)
        plan.files.remove(receipt)
        _put_in_place(plan, refuse_implausible(receipt, verdict))


def _tell_refused(plan: Intake) -> None:
    """Say which files are refused whole, and what to do. An older snapshot is no problem once a newer one stands."""
    plan.refused = [f for f in plan.refused if not _is_replaced(f, plan.files)]
    for receipt in plan.refused:
        told = refusal_message("/".join(_identity(receipt)), receipt, plan.context.policy)
        plan.problems.append(Problem(ExitCode.REFUSED_ABOVE_CEILING, told))


def _is_replaced(receipt: dict[str, Any], files: list[dict[str, Any]]) -> bool:
    source = _identity(receipt)[:2]
    return receipt["mode"] == "snapshot" and any(
        _identity(f)[:2] == source and f["exported_at"] > receipt["exported_at"] for f in files
    )
