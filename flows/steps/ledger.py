"""The ledger: which landed files are in force, and what went wrong on the way in.

`warehouse/receipts/<key>.json` is written once per landed export; `warehouse/ledger.json` names those in force.
Both are written aside and renamed, so a crash leaves the last complete state.
"""

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.errors import ExitCode


@dataclass(frozen=True)
class Problem:
    """A file or mapping that could not be taken in; the message holds no patient's value."""

    exit_code: int
    message: str


@dataclass(frozen=True)
class Ledger:
    """`files` are receipts (with `source_path`) in force, in a fixed order; `problems` are of the last run.

    `refused` are receipts of files refused whole: of these only the refused cells are shown, so that they can be mended.
    """

    files: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)

    @property
    def keys(self) -> set[str]:
        """The keys whose landed files are needed."""
        return {file["file_key"] for file in (*self.files, *self.refused)}

    @property
    def exit_codes(self) -> list[ExitCode]:
        """The codes of the last run's problems."""
        return [ExitCode(problem.exit_code) for problem in self.problems]


def read_ledger(warehouse: Path) -> Ledger:
    """The ledger in force; empty before the first run."""
    path = warehouse / "ledger.json"
    if not path.exists():
        return Ledger()
    content = json.loads(path.read_text(encoding="utf-8"))
    problems = [Problem(**problem) for problem in content["problems"]]
    return Ledger(content["files"], problems, content.get("refused", []))


def write_ledger(warehouse: Path, ledger: Ledger) -> None:
    """Put a ledger in force."""
    files, refused = (
        sorted(listed, key=lambda f: (f["clinic_id"], f["source_id"], f["file_name"]))
        for listed in (ledger.files, ledger.refused)
    )
    problems = [vars(problem) for problem in ledger.problems]
    content = {"files": files, "problems": problems, "refused": refused}
    write_json(warehouse / "ledger.json", content)


def read_receipt(warehouse: Path, key: str) -> dict[str, Any] | None:
    """The receipt of a key, if its landed files are all there."""
    path = warehouse / "receipts" / f"{key}.json"
    if not path.exists():
        return None
    receipt: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return (
        receipt if all((warehouse / name).exists() for name in receipt["landed"].values()) else None
    )


def write_receipt(warehouse: Path, receipt: dict[str, Any]) -> None:
    """Record that a key is landed; from now on there is nothing to do for it."""
    write_json(warehouse / "receipts" / f"{receipt['file_key']}.json", receipt)


def write_json(path: Path, content: Any) -> None:
    """Write aside, sync, rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with draft.open("w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)  # on a full disk half a file only takes room


def clear_leftovers(warehouse: Path) -> None:
    """Remove what a killed run left half-written; the caller holds the run lock, so it belongs to no living one."""
    drafts = ("*.tmp", "receipts/*.tmp", "parquet/**/*.tmp", "refused/**/*.tmp", ".*.new")
    for path in [path for pattern in drafts for path in warehouse.glob(pattern)]:
        path.unlink()
    folders = ("releases/.building-*", "releases/.removing-*", ".work/*")
    for path in [path for pattern in folders for path in warehouse.glob(pattern)]:
        shutil.rmtree(path)
    for path in warehouse.parent.glob("keys/.*.key.*"):
        path.unlink()  # a key that was being made and is in no use yet


def remove_unused(warehouse: Path, keys_in_use: set[str]) -> int:
    """Delete landed files that neither the ledger nor a kept release needs; returns how many."""
    stale = [
        path
        for pattern in ("parquet/**/*.parquet", "refused/**/*.parquet", "receipts/*.json")
        for path in warehouse.glob(pattern)
        if path.stem not in keys_in_use
    ]
    for path in [*stale, *warehouse.glob("parquet/**/*.tmp"), *warehouse.glob("refused/**/*.tmp")]:
        path.unlink(missing_ok=True)
    return len(stale)
