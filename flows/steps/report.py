"""What a run, `status` and `releases` say: plain facts from ledger and manifests, as one dictionary each."""

from datetime import date
from pathlib import Path
from typing import Any

from flows.steps.fixlist import SHORT_ID, count_open
from flows.steps.intake import Intake
from flows.steps.ledger import read_ledger
from flows.steps.publish import current_release_id, releases
from flows.steps.release import read_manifest
from flows.steps.silence import source_states, source_warnings
from schemas.errors import SourceWrong
from schemas.policy import read_policy


def describe_run(
    plan: Intake | None, release_id: str | None, data: Path, today: date
) -> dict[str, Any]:
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
        **_describe_care(data, today),
        "analyst": str(warehouse / "analyst.duckdb"),
        "dashboard": str(warehouse / "dashboard.duckdb"),
    }


def describe_status(data: Path, today: date) -> dict[str, Any]:
    """Last release, freshness per source, problems; healthy if there is a release, no problem and no silence."""
    warehouse = data / "warehouse"
    ledger, manifest = read_ledger(warehouse), read_manifest(data / "warehouse" / "current") or {}
    release_id, care = current_release_id(warehouse), _describe_care(data, today)
    problems = [problem.message for problem in ledger.problems] + care["care_errors"]
    return {
        "is_healthy": release_id is not None and not problems and not care["warnings"],
        "release": release_id,
        "published_at": manifest.get("published_at"),
        "as_of_date": manifest.get("as_of_date"),
        "newest_export": {state["source"]: state["newest_export"] for state in care["sources"]},
        "problems": problems,
        **care,
    }


def _describe_care(data: Path, today: date) -> dict[str, Any]:
    """What somebody has to look after: rows to fix, waivers and their end, sources that are silent or short."""
    told: dict[str, Any] = {
        "sources": [], "warnings": [], "rows_to_fix": {}, "waivers": [], "care_errors": [],
    }  # fmt: skip
    try:
        policy = read_policy(data / "policy.toml")
        states = source_states(read_ledger(data / "warehouse").files, policy, today)
        open_now = count_open(data, today)
    except SourceWrong as error:  # a report must come out whatever the files of the user say
        return told | {"care_errors": [error.message]}
    return told | {
        "sources": states,
        "warnings": source_warnings(states),
        "rows_to_fix": open_now["problems"],
        "waivers": open_now["waivers"],
    }


def care_lines(told: dict[str, Any]) -> list[str]:
    """The same in words; nothing where nothing is to be done."""
    lines = [f"warning: {message}" for message in told["warnings"]]
    counts = told["rows_to_fix"]
    if any(counts.values()):
        words = ", ".join(f"{n} {state}" for state, n in counts.items())
        lines.append(f"to fix: {words}; `followthrough fixlist` says what and how")
    for state, what in (("expired", "has ended"), ("dead", "matches no open problem")):
        ids = [w["id"][:SHORT_ID] for w in told["waivers"] if w["state"] == state]
        lines += [f"waiver {name} {what}; `followthrough waive --list` shows it" for name in ids]
    ends = [w["until"] for w in told["waivers"] if w["state"] == "active"]
    return (
        [*lines, f"waivers: {len(ends)} in force, the first ends on {min(ends)}"] if ends else lines
    )


def describe_releases(data: Path) -> list[dict[str, Any]]:
    """All releases, oldest first."""
    return [vars(release) for release in releases(data / "warehouse")]
