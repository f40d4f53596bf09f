"""From the ledger to a numbered release: the moves between the landed Parquet and the readers.

`start`, `build`, `disclose_draft`, `check`, `finish` are called in this order, by the Prefect flow and by the plain run alike. A draft
that is not published leaves no trace but the result of its gate.
"""

import hashlib
import json
import shutil
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from flows.steps.cells import Context
from flows.steps.checks import record_checks, refusal_message
from flows.steps.checks_page import checks_page
from flows.steps.disclose import disclose
from flows.steps.gate import gate
from flows.steps.intake import read_context
from flows.steps.ledger import Ledger, read_ledger, remove_unused, write_json
from flows.steps.problems import NAME, problem_secrets, write_problems
from flows.steps.publish import (
    building_folder,
    content_id,
    new_release_id,
    publish,
    releases,
    remove_old_releases,
)
from flows.steps.reference import clinic_days, load_reference
from flows.steps.silence import source_checks, source_states
from flows.steps.waivers import read_waivers, waiver_table
from flows.steps.warehouse import (
    build_tables,
    finish,
    load_landed,
    load_problems_before,
    open_building,
)
from schemas.errors import ExitCode, UserError
from schemas.policy import read_policy

ROOT = Path(__file__).parents[2]
# What must change for a new release to be worth its number.
IDENTITY = (
    "content_id",
    "as_of_date",
    "code_sha256",
    "policy_sha256",
    "vocabulary_sha256",
    "questionnaires_sha256",
)


@dataclass(frozen=True)
class Draft:
    """A release under construction; only paths, days and hashes, so that it can pass through an orchestrator."""

    data: Path
    release_id: str
    now: datetime
    clinics: dict[str, date]
    hashes: dict[str, str]

    @property
    def warehouse(self) -> Path:
        """Where releases live."""
        return self.data / "warehouse"

    @property
    def folder(self) -> Path:
        """Where this one is built."""
        return building_folder(self.warehouse, self.release_id)


def start(data: Path, as_of: date | None, now: datetime) -> Draft | None:
    """Prepare a draft; None if nothing it would be made of has changed since the last build."""
    ledger, context = read_ledger(data / "warehouse"), read_context(data)
    read_waivers(data)  # a broken file is told before anything is built
    clinics = clinic_days(ledger, as_of)
    if not clinics:
        return None
    hashes = {
        "code_sha256": code_sha256(),
        "policy_sha256": _sha256(
            [context.policy.values, context.policy.cells, context.policy.windows]
        ),
        "vocabulary_sha256": _sha256(context.vocabularies),
        "questionnaires_sha256": _sha256(
            [
                sorted(i.definition_sha256 for i in context.instruments.values()),
                _files(data, "licences.toml", "value_sets/*"),
            ]
        ),
    }
    hashes["inputs_id"] = _sha256(
        [
            hashes,
            {c: str(d) for c, d in clinics.items()},
            sorted(f["file_key"] for f in ledger.files),
            sorted(f["file_key"] for f in ledger.refused),
            [f["exported_at"] for f in ledger.files],
        ]
    )
    if hashes["inputs_id"] in _inputs_built(data / "warehouse"):
        return None
    draft = Draft(data, new_release_id(now, data / "warehouse"), now, clinics, hashes)
    shutil.rmtree(draft.folder, ignore_errors=True)
    draft.folder.mkdir(parents=True)
    return draft


def _inputs_built(warehouse: Path) -> set[str]:
    """What need not be built again: the inputs of the release in force, and those of the last build.

    The last build counts too because a release rolled back to stays until something changes. Its note is void
    once there is a newer release: then the run that made that one was killed before it could write its own.
    """
    in_force, path = read_manifest(warehouse / "current"), warehouse / "last_build.json"
    if in_force is None:
        return set()
    noted = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    is_valid = noted.get("newest_release") == _newest_release_id(warehouse)
    return {str(in_force.get("inputs_id"))} | ({str(noted["inputs_id"])} if is_valid else set())


def _newest_release_id(warehouse: Path) -> str | None:
    return max((release.release_id for release in releases(warehouse)), default=None)


def _sha256(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _files(data: Path, *patterns: str) -> list[tuple[str, str]]:
    paths = sorted(path for pattern in patterns for path in data.glob(pattern))
    return [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths]


@cache
def code_sha256() -> str:
    """Of everything that computes: flows, schemas, sql."""
    digest = hashlib.sha256()
    for path in sorted(
        p
        for folder in ("flows", "schemas", "sql")
        for p in (ROOT / folder).rglob("*")
        if p.suffix in (".py", ".sql", ".toml")
    ):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def build(draft: Draft) -> None:
    """Build the analyst's warehouse and write the manifest."""
    ledger, context = read_ledger(draft.warehouse), read_context(draft.data)
    memory_limit = f"{context.policy.number('build.memory_mb'):.0f}MB"
    analyst = draft.folder / "analyst.duckdb"
    # Closed in any case: a failed build gives its room on the disk back at once.
    n_rows = sum(f["rows_read"] for f in ledger.files)
    with closing(open_building(analyst, memory_limit, n_rows)) as connection:
        manifest = _build(connection, draft, ledger, context)
    shutil.rmtree(draft.folder / "spill", ignore_errors=True)
    write_json(draft.folder / "manifest.json", manifest)


def _build(
    connection: duckdb.DuckDBPyConnection, draft: Draft, ledger: Ledger, context: Context
) -> dict[str, Any]:
    as_of = max(draft.clinics.values())
    load_landed(connection, draft.warehouse, ledger)
    secrets = problem_secrets(draft.data / "keys", list(draft.clinics))
    waivers = read_waivers(draft.data)
    load_problems_before(connection, draft.warehouse / NAME, secrets, waiver_table(waivers))
    run = {
        "release_id": draft.release_id,
        "as_of_date": as_of,
        "code_sha256": draft.hashes["code_sha256"],
        "run_date": draft.now.date(),
    }
    load_reference(connection, context, draft.data, draft.clinics, run)
    build_tables(connection)
    manifest = {
        "release_id": draft.release_id,
        "published_at": draft.now.isoformat(),
        "as_of_date": str(as_of),
        "clinics": {clinic: str(day) for clinic, day in draft.clinics.items()},
        "content_id": content_id(connection),
        **draft.hashes,
        "policy": {key: value for key, (value, _) in context.policy.values.items()},
        "policy_overridden": list(context.policy.overridden),
        "files": [
            {k: f[k] for k in ("clinic_id", "source_id", "file_name", "file_sha256", "exported_at")}
            for f in ledger.files
        ],
        "rows": _row_counts(connection),
        "problems": _problem_counts(connection),
    }
    write_problems(connection, draft.warehouse)
    finish(connection)
    return manifest


def _row_counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    names = ("read", "accepted", "refused", "superseded", "ignored")
    sums = ", ".join(f"coalesce(sum(rows_{name}), 0)::bigint" for name in names)
    row = connection.execute(f"select {sums} from ops.file").fetchone()
    counts = dict(zip(names, row or (), strict=True))
    if (
        counts["read"]
        != counts["accepted"] + counts["refused"] + counts["superseded"] + counts["ignored"]
    ):
        raise AssertionError(f"rows were lost on the way: {counts}")
    return counts


def _problem_counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Problems by state; those waived are told, never hidden."""
    found = connection.execute("select state, count(*) from ops.refused_row group by state")
    return dict.fromkeys(("new", "persisting", "fixed", "waived"), 0) | dict(found.fetchall())


def is_worth_publishing(draft: Draft) -> bool:
    """Whether the draft differs from the release in force in anything that counts."""
    before, after = read_manifest(draft.warehouse / "current"), read_manifest(draft.folder)
    return (
        before is None or any(before.get(name) != after.get(name) for name in IDENTITY)
        if after
        else False
    )


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a release or draft folder."""
    path = folder / "manifest.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def disclose_draft(draft: Draft) -> int:
    """Make the dashboard's database; returns how many figures were hidden."""
    return disclose(draft.folder / "analyst.duckdb", draft.folder / "dashboard.duckdb")


def check(draft: Draft) -> None:
    """Let the gate look at both databases; raises UserError (exit 14) and leaves the old release in force.

    Its results go into the release: gate.json, checks.html, `ops.check`. Of a release that was refused the first two are kept.
    """
    analyst, out = draft.folder / "analyst.duckdb", draft.folder / "gate.json"
    ledger, policy = read_ledger(draft.warehouse), read_policy(draft.data / "policy.toml")
    sources = source_checks(source_states(ledger.files, policy, draft.now.date()), policy)
    result = gate(analyst, draft.folder / "dashboard.duckdb", out, sources=sources)
    page = checks_page(result, draft.release_id, str(max(draft.clinics.values())))
    (draft.folder / "checks.html").write_text(page, encoding="utf-8")
    shutil.copyfile(out, draft.warehouse / "last_gate.json")
    shutil.copyfile(draft.folder / "checks.html", draft.warehouse / "last_checks.html")
    if not result.passed:
        told = refusal_message(result, draft.warehouse / "last_checks.html")
        raise UserError(told, ExitCode.GATE_REFUSED)
    record_checks(analyst, result)


def finish_draft(draft: Draft) -> Path:
    """Publish the draft, and clear away releases and landed files that nobody needs any more."""
    keep = int(read_policy(draft.data / "policy.toml").number("release.keep"))
    release = publish(draft.folder, draft.warehouse, draft.release_id)
    remove_old_releases(draft.warehouse, keep)
    remove_unused(draft.warehouse, read_ledger(draft.warehouse).keys)
    note_build(draft)
    return release


def note_build(draft: Draft) -> None:
    """Remember what the last build was made of, also where its result was no news."""
    newest = _newest_release_id(draft.warehouse)
    write_json(
        draft.warehouse / "last_build.json",
        {"inputs_id": draft.hashes["inputs_id"], "newest_release": newest},
    )


def discard(draft: Draft) -> None:
    """Throw a draft away."""
    shutil.rmtree(draft.folder, ignore_errors=True)
