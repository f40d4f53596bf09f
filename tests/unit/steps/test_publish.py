"""Releases: numbered, switched in one atomic step, kept or removed; content_id tells whether a figure moved."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from flows.steps import publish as publishing
from flows.steps.publish import (
    UnfinishedBuild,
    building_folder,
    content_id,
    export_marts,
    new_release_id,
    publish,
    releases,
    remove_old_releases,
    rollback,
)
from schemas.errors import ExitCode, UserError
from tests.spec.mart_world import CONTRACTS, write_analyst

NOW = datetime(2026, 11, 22, 8, 9, 12, tzinfo=UTC)


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return tmp_path / "warehouse"


def build(warehouse: Path, release_id: str) -> Path:
    """A building folder whose two databases and manifest all say the same release id."""
    folder = building_folder(warehouse, release_id)
    folder.mkdir(parents=True)
    for name in ("analyst.duckdb", "dashboard.duckdb"):
        with duckdb.connect(str(folder / name)) as connection:
            connection.execute("create table release as select ? as release_id", [release_id])
    manifest = {
        "published_at": "2026-11-22T08:09:12+00:00",
        "as_of_date": "2026-11-20",
        "content_id": f"content of {release_id}",
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "gate.json").write_text("{}")
    return folder


def build_and_publish(warehouse: Path, *release_ids: str) -> None:
    for release_id in release_ids:
        publish(build(warehouse, release_id), warehouse, release_id)


def read_release(database: Path) -> str:
    """What a reader sees who opens the path in a fresh connection."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as seen (read_only)")
        row = connection.execute("select release_id from seen.release").fetchone()
    assert row is not None
    return str(row[0])


def test_release_ids_sort_by_time_and_never_repeat(warehouse: Path) -> None:
    first = new_release_id(NOW, warehouse)
    assert first == new_release_id(NOW) == "20261122T080912Z"
    build_and_publish(warehouse, first)
    second = new_release_id(NOW, warehouse)
    build(warehouse, second)
    third = new_release_id(NOW, warehouse)
    later = new_release_id(NOW.replace(second=13), warehouse)
    assert sorted({first, second, third, later}) == [first, second, third, later]


def test_publish_puts_the_folder_in_force_under_the_stable_paths(warehouse: Path) -> None:
    folder = build(warehouse, "r1")
    release = publish(folder, warehouse, "r1")
    assert release == warehouse / "releases" / "r1"
    assert not folder.exists()
    assert (warehouse / "current").readlink() == Path("releases/r1")
    assert (warehouse / "analyst.duckdb").readlink() == Path("current/analyst.duckdb")
    assert read_release(warehouse / "analyst.duckdb") == "r1"
    assert read_release(warehouse / "dashboard.duckdb") == "r1"


def test_the_warehouse_can_be_moved_because_its_links_are_relative(warehouse: Path) -> None:
    build_and_publish(warehouse, "r1")
    moved = warehouse.rename(warehouse.with_name("elsewhere"))
    assert read_release(moved / "analyst.duckdb") == "r1"


def test_a_building_folder_with_an_open_writer_is_refused(warehouse: Path) -> None:
    build_and_publish(warehouse, "r1")
    folder = build(warehouse, "r2")
    (folder / "analyst.duckdb.wal").write_bytes(b"half a transaction")
    with pytest.raises(UnfinishedBuild, match=r"analyst\.duckdb\.wal"):
        publish(folder, warehouse, "r2")
    assert read_release(warehouse / "analyst.duckdb") == "r1"


def test_an_incomplete_building_folder_is_refused(warehouse: Path) -> None:
    folder = build(warehouse, "r1")
    (folder / "gate.json").unlink()
    with pytest.raises(UnfinishedBuild, match=r"gate\.json"):
        publish(folder, warehouse, "r1")
    assert releases(warehouse) == []


def test_a_log_beside_the_stable_path_is_refused_with_what_to_do(warehouse: Path) -> None:
    build_and_publish(warehouse, "r1")
    (warehouse / "analyst.duckdb.wal").write_bytes(b"somebody wrote here")
    with pytest.raises(UserError, match="open releases read-only") as caught:
        publish(build(warehouse, "r2"), warehouse, "r2")
    assert caught.value.exit_code is ExitCode.MACHINE


def test_releases_tell_what_their_manifests_say(warehouse: Path) -> None:
    build_and_publish(warehouse, "r1", "r2")
    (warehouse / "releases" / "r1" / "PINNED").touch()
    build(warehouse, "r3")  # unfinished: no release yet
    (warehouse / "releases" / "notes").mkdir()  # somebody's folder: none either
    first, second = releases(warehouse)
    assert (first.release_id, first.is_current, first.is_pinned) == ("r1", False, True)
    assert (second.release_id, second.is_current, second.is_pinned) == ("r2", True, False)
    assert second.as_of_date == "2026-11-20"
    assert second.content_id == "content of r2"
    assert second.published_at == "2026-11-22T08:09:12+00:00"


def test_no_releases_before_the_first(warehouse: Path) -> None:
    assert releases(warehouse) == []
    assert publishing.current_release_id(warehouse) is None


def test_rollback_puts_an_older_release_in_force(warehouse: Path) -> None:
    build_and_publish(warehouse, "r1", "r2")
    assert rollback(warehouse, "r1").is_current
    assert read_release(warehouse / "analyst.duckdb") == "r1"
    assert [release.release_id for release in releases(warehouse)] == ["r1", "r2"]


def test_rollback_to_an_unknown_release_names_those_that_exist(warehouse: Path) -> None:
    build_and_publish(warehouse, "r1", "r2")
    with pytest.raises(UserError, match="Releases: r1, r2") as caught:
        rollback(warehouse, "r9")
    assert caught.value.exit_code == 16
    assert read_release(warehouse / "analyst.duckdb") == "r2"


def test_old_releases_go_but_never_the_pinned_or_the_one_in_force(warehouse: Path) -> None:
    build_and_publish(warehouse, "r1", "r2", "r3", "r4", "r5")
    (warehouse / "releases" / "r1" / "PINNED").touch()
    rollback(warehouse, "r2")
    assert remove_old_releases(warehouse, keep=1) == ["r3", "r4"]
    assert [release.release_id for release in releases(warehouse)] == ["r1", "r2", "r5"]
    assert remove_old_releases(warehouse, keep=1) == []


def test_what_dead_runs_left_behind_is_cleared_away(warehouse: Path) -> None:
    build_and_publish(warehouse, "r2")
    build(warehouse, "r1")
    (warehouse / "releases" / ".removing-r0").mkdir()
    remove_old_releases(warehouse, keep=5)
    assert [path.name for path in (warehouse / "releases").iterdir()] == ["r2"]


class Killed(Exception):
    """Stands for kill -9: nothing after it runs."""


@pytest.mark.parametrize("step", range(12))
def test_a_kill_before_any_system_call_leaves_a_whole_release(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Cut the publishing off before its n-th change on disk; readers see r1 or r2, and the next run heals."""
    build_and_publish(warehouse, "r1")
    folder = build(warehouse, "r2")
    (warehouse / "analyst.duckdb").unlink()  # the worst case: a stable link has to be made again
    (warehouse / "analyst.duckdb").symlink_to("releases/r1/analyst.duckdb")
    calls = iter(range(100))
    with monkeypatch.context() as patch:
        for name in ("rename", "replace", "symlink_to", "unlink"):
            _cut_off(patch, name, calls, step)
        try:
            publish(folder, warehouse, "r2")
        except Killed:
            assert read_release(warehouse / "analyst.duckdb") in {"r1", "r2"}
        else:
            assert next(calls) <= step
    build_and_publish(warehouse, "r3")
    remove_old_releases(warehouse, keep=0)
    assert read_release(warehouse / "analyst.duckdb") == "r3"
    assert [release.release_id for release in releases(warehouse)] == ["r3"]


def _cut_off(patch: pytest.MonkeyPatch, name: str, calls: "object", step: int) -> None:
    genuine = getattr(Path, name)

    def cut(*args: object, **kwargs: object) -> object:
        if next(calls) == step:  # type: ignore[call-overload]
            raise Killed
        return genuine(*args, **kwargs)

    patch.setattr(Path, name, cut)


PUBLISH_FOR_EVER = """
import sys
from pathlib import Path
from tests.unit.steps.test_publish import build_and_publish
for n in range(10_000):
    build_and_publish(Path(sys.argv[1]), f"{sys.argv[2]}{n:05}")
"""


def test_a_polling_reader_survives_kill_9_of_the_publisher(warehouse: Path) -> None:
    """Real processes, real SIGKILL: the reader finds a whole release at every look."""
    build_and_publish(warehouse, "r")
    for run, looks in (("s", 2), ("t", 4), ("u", 7)):
        command = [sys.executable, "-c", PUBLISH_FOR_EVER, str(warehouse), run]
        publisher = subprocess.Popen(command, cwd=Path(__file__).parents[3])
        seen: set[str] = set()
        while len(seen) < looks:
            assert publisher.poll() is None
            seen.add(read_release(warehouse / "analyst.duckdb"))
        publisher.kill()
        publisher.wait()
        last = read_release(warehouse / "analyst.duckdb")
        assert last == read_release(warehouse / "dashboard.duckdb") >= max(seen)


def test_content_id_moves_with_a_figure_and_not_with_the_run(tmp_path: Path) -> None:
    def content(name: str, change: str = "", threads: int = 2) -> str:
        write_analyst(tmp_path / name)
        with duckdb.connect(str(tmp_path / name)) as connection:
            connection.execute(f"set threads = {threads}")
            if change:
                connection.execute(change)
            return content_id(connection, CONTRACTS)

    same = content("first.duckdb")
    assert content("second.duckdb", threads=1) == same
    renamed = "update marts.mart_outcome set release_id = '20270101T000000Z'"
    assert content("renamed.duckdb", renamed) == same
    shuffled = "create or replace table marts.mart_outcome as from marts.mart_outcome order by visit desc, condition desc"
    assert content("shuffled.duckdb", shuffled) == same
    nudged = "update marts.mart_outcome set improve_mean = improve_mean + 1e-15 where n_pair > 0"
    assert content("nudged.duckdb", nudged) != same


def test_exports_hold_every_column_but_those_of_the_run(tmp_path: Path) -> None:
    write_analyst(tmp_path / "analyst.duckdb")
    with duckdb.connect(str(tmp_path / "analyst.duckdb")) as connection:
        paths = export_marts(connection, tmp_path / "export", CONTRACTS)
    assert [path.name for path in paths] == sorted(
        f"{mart.name.removeprefix('marts.')}.csv" for mart in CONTRACTS
    )
    header = (tmp_path / "export" / "mart_outcome.csv").read_text().splitlines()[0].split(",")
    assert "release_id" not in header
    assert {"as_of_date", "n_pair", "improve_mean"} <= set(header)
