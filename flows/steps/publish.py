"""The last arrow: a building folder becomes the numbered release in force, in one atomic step.

`warehouse/releases/<release_id>/` holds a release and is never edited again; `warehouse/current` points to
the one in force, and readers open `warehouse/analyst.duckdb`, a link through `current`. Everything here is
called by the one process that holds the run lock.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from flows.steps.sql_files import SqlFile, find_sql_files
from schemas.errors import ExitCode, UserError

BUILDING = ".building-"
REMOVING = ".removing-"
PIN = "PINNED"
STABLE_NAMES = ("analyst.duckdb", "dashboard.duckdb")
RELEASE_FILES = (*STABLE_NAMES, "manifest.json", "gate.json")
# They differ between two runs over the same data, so they take no part in what a release says.
RUN_COLUMNS = frozenset({"release_id", "code_version", "code_sha256", "built_at", "published_at"})


class UnfinishedBuild(RuntimeError):
    """A building folder that must not be published: our bug, never the user's."""


@dataclass(frozen=True)
class Release:
    """One published release, as its manifest.json tells it."""

    release_id: str
    published_at: str
    as_of_date: str
    content_id: str
    is_current: bool
    is_pinned: bool


def new_release_id(now: datetime, warehouse: Path | None = None) -> str:
    """A release id that sorts by time; a counter keeps it unique among those in `warehouse`."""
    base = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    if warehouse is None:
        return base
    folder = warehouse / "releases"
    taken = {path.name.removeprefix(BUILDING) for path in folder.glob("*")}
    candidates = [base, *(f"{base}-{n:03}" for n in range(1, 1000))]
    return next(name for name in candidates if name not in taken)


def building_folder(warehouse: Path, release_id: str) -> Path:
    """Where a release is built: beside the finished ones, so that one rename finishes it."""
    return warehouse / "releases" / f"{BUILDING}{release_id}"


def publish(building: Path, warehouse: Path, release_id: str) -> Path:
    """Make the building folder the release in force; a kill at any point leaves the old one or the new one."""
    _refuse_unfinished(building)
    _refuse_stray_wal(warehouse)
    for path in (*sorted(building.rglob("*")), building):
        _sync(path)
    release = warehouse / "releases" / release_id
    building.rename(release)
    _sync(release.parent)
    # Before the first release the stable links dangle for a moment; pointing them afterwards would leave a
    # published release without them if the process died in between.
    for name in STABLE_NAMES:
        _point(warehouse / name, f"current/{name}")
    _point(warehouse / "current", f"releases/{release_id}")
    return release


def _refuse_unfinished(building: Path) -> None:
    if logs := sorted(path.name for path in building.rglob("*.wal")):
        # DuckDB 1.5 would replay it over the finished file, 2.0 would refuse to open the file.
        raise UnfinishedBuild(f"{building.name} still holds {', '.join(logs)}: a writer is open")
    if missing := [name for name in RELEASE_FILES if not (building / name).is_file()]:
        raise UnfinishedBuild(f"{building.name} lacks {', '.join(missing)}")


def _refuse_stray_wal(warehouse: Path) -> None:
    # Somebody wrote through the stable path: DuckDB looks for the log beside the link, not beside its target,
    # and would apply it to the release that we are about to put there.
    logs = [f"{name}.wal" for name in STABLE_NAMES if (warehouse / f"{name}.wal").exists()]
    if logs:
        message = (
            f"{', '.join(logs)} in {warehouse}: a program wrote into a published release. "
            "Close that program, open releases read-only, delete this file and run again."
        )
        raise UserError(message, ExitCode.MACHINE)


def _point(link: Path, target: str) -> None:
    """Let `link` point to `target`; whoever looks sees the old target or the new one, never neither."""
    if link.is_symlink() and str(link.readlink()) == target:
        return
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)
    _sync(link.parent)


def _sync(path: Path) -> None:
    """Wait until a file or folder is on disk: a rename that outlives its data would publish an empty file."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def current_release_id(warehouse: Path) -> str | None:
    """The id of the release in force; None before the first."""
    link = warehouse / "current"
    return link.readlink().name if link.is_symlink() else None


def releases(warehouse: Path) -> list[Release]:
    """Every published release, the oldest first."""
    current = current_release_id(warehouse)
    manifests = (warehouse / "releases").glob("[!.]*/manifest.json")
    return [_release(path, current) for path in sorted(manifests)]


def _release(manifest: Path, current: str | None) -> Release:
    told = json.loads(manifest.read_text(encoding="utf-8"))
    return Release(
        release_id=manifest.parent.name,
        published_at=str(told.get("published_at", "")),
        as_of_date=str(told.get("as_of_date", "")),
        content_id=str(told.get("content_id", "")),
        is_current=manifest.parent.name == current,
        is_pinned=(manifest.parent / PIN).exists(),
    )


def rollback(warehouse: Path, release_id: str) -> Release:
    """Put an older (or newer) release in force again; nothing is rebuilt and none is removed."""
    known = {release.release_id: release for release in releases(warehouse)}
    if release_id not in known:
        names = ", ".join(known) or "none yet"
        raise UserError(
            f"No release {release_id!r} in {warehouse}. Releases: {names}.", ExitCode.UNKNOWN_NAME
        )
    _refuse_stray_wal(warehouse)
    _point(warehouse / "current", f"releases/{release_id}")
    return next(release for release in releases(warehouse) if release.release_id == release_id)


def remove_old_releases(warehouse: Path, keep: int) -> list[str]:
    """Remove all but the newest `keep`, the one in force and those pinned; say which went.

    Also clears away what dead runs left behind: the caller holds the run lock, so no folder that is still
    being built can belong to a living one.
    """
    removable = [r.release_id for r in releases(warehouse) if not (r.is_current or r.is_pinned)]
    old = removable[: max(0, len(removable) - keep)]
    folder = warehouse / "releases"
    for release_id in old:
        # Hidden first: a removal that is killed half-way must not look like a release.
        (folder / release_id).rename(folder / f"{REMOVING}{release_id}")
    for pattern in (f"{BUILDING}*", f"{REMOVING}*"):
        for path in folder.glob(pattern):
            shutil.rmtree(path)
    return old


def export_marts(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    contracts: Sequence[SqlFile] | None = None,
) -> list[Path]:
    """Write every mart as CSV in the order of its key, without what differs between runs.

    Two builds over the same data give the same bytes; doubles are written so that they read back exactly.
    """
    marts = find_sql_files("marts") if contracts is None else contracts
    folder.mkdir(parents=True, exist_ok=True)
    return [_export(connection, mart, folder) for mart in sorted(marts, key=lambda mart: mart.name)]


def _export(connection: duckdb.DuckDBPyConnection, mart: SqlFile, folder: Path) -> Path:
    path = folder / f"{mart.name.partition('.')[2]}.csv"
    columns = ", ".join(name for name in mart.columns if name not in RUN_COLUMNS)
    rows = f"select {columns} from {mart.name} order by {', '.join(mart.key)}"
    target = str(path).replace("'", "''")
    connection.execute(f"copy ({rows}) to '{target}' (format csv, header)")
    return path


def content_id(
    connection: duckdb.DuckDBPyConnection, contracts: Sequence[SqlFile] | None = None
) -> str:
    """sha256 over all mart exports: equal exactly when no figure of any mart moved."""
    digest = hashlib.sha256()
    with tempfile.TemporaryDirectory() as folder:
        for path in export_marts(connection, Path(folder), contracts):
            content = path.read_bytes()
            # Name and length first, so that bytes cannot wander from one mart to the next unseen.
            digest.update(f"{path.name} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()
