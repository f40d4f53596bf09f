"""The whole way without an orchestrator: what a test, a benchmark or a notebook calls.

The Prefect flows make the same moves in the same order (flows/ingest.py, flows/build.py).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from flows.steps import release
from flows.steps.intake import finish_intake, plan_intake, take_in
from flows.steps.ledger import Ledger, write_json
from flows.steps.lock import writer_lock


@dataclass(frozen=True)
class Built:
    """What a build came to: the release now in force by this build, or None where there was no news."""

    release_id: str | None
    folder: Path | None
    n_hidden: int = 0


def ingest_all(data: Path) -> Ledger:
    """Take in every new export below `data/raw`; problems stand in the ledger, not in an exception."""
    plan = plan_intake(data)
    for export in plan.new:
        take_in(plan, export)
    return finish_intake(plan)


def build_release(
    data: Path, as_of: date | None = None, now: datetime | None = None, with_gate: bool = True
) -> Built:
    """Build, disclose, check and publish; `with_gate=False` is for timing the rest apart."""
    draft = release.start(data, as_of, now or datetime.now(UTC))
    if draft is None:
        return Built(None, None)
    try:
        release.build(draft)
        if not release.is_worth_publishing(draft):
            release.note_build(draft)
            return Built(None, None)
        n_hidden = release.disclose_draft(draft)
        if with_gate:
            release.check(draft)
        else:
            write_json(draft.folder / "gate.json", {"passed": None, "checks": []})
        return Built(draft.release_id, release.finish_draft(draft), n_hidden)
    finally:
        release.discard(draft)


def run_all(
    data: Path, as_of: date | None = None, now: datetime | None = None, with_gate: bool = True
) -> tuple[Ledger, Built]:
    """Ingest and build while holding the warehouse."""
    with writer_lock(data / "warehouse"):
        ledger = ingest_all(data)
        return ledger, build_release(data, as_of, now, with_gate)
