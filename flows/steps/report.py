"""What a run, `status` and `releases` say: plain facts from ledger and manifests, as one dictionary each."""

from pathlib import Path
from typing import Any

from flows.steps.intake import Intake
from flows.steps.ledger import read_ledger
from flows.steps.publish import current_release_id, releases
from flows.steps.release import read_manifest


def describe_run(plan: Intake | None, release_id: str | None, data: Path) -> dict[str, Any]:
    """What a run did, and what is in force now."""
    warehouse = data / "warehouse"
    manifest = read_manifest(warehouse / "current") or {}
    ledger = read_ledger(warehouse)
    return {
        "files_new": plan.n_taken if plan else 0,
        "files_in_force": len(ledger.files),
        "files_waiting": plan.waiting if plan else [],
        "rows": manifest.get("rows", {}),
        "release": current_release_id(warehouse),
        "is_new_release": release_id is not None,
        "as_of_date": manifest.get("as_of_date"),
        "problems": [problem.message for problem in ledger.problems],
        "analyst": str(warehouse / "analyst.duckdb"),
        "dashboard": str(warehouse / "dashboard.duckdb"),
    }


def describe_status(data: Path) -> dict[str, Any]:
    """Last release, freshness per source, problems; healthy if there is a release and no problem."""
    warehouse = data / "warehouse"
    ledger, manifest = read_ledger(warehouse), read_manifest(data / "warehouse" / "current") or {}
    newest: dict[str, str] = {}
    for file in ledger.files:
        source = f"{file['clinic_id']}/{file['source_id']}"
        newest[source] = max(file["exported_at"], newest.get(source, ""))
    release_id = current_release_id(warehouse)
    return {
        "is_healthy": release_id is not None and not ledger.problems,
        "release": release_id,
        "published_at": manifest.get("published_at"),
        "as_of_date": manifest.get("as_of_date"),
        "newest_export": dict(sorted(newest.items())),
        "problems": [problem.message for problem in ledger.problems],
    }


def describe_releases(data: Path) -> list[dict[str, Any]]:
    """All releases, oldest first."""
    return [vars(release) for release in releases(data / "warehouse")]
