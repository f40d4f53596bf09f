"""Whatever order exports arrive in, and however often: the marts are the same to the byte.

The files of a drawn clinic (tests/dealt_world.py) arrive in drawn orders, with a build in between, and once more under
other names.
"""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.steps.pipeline import build_release, ingest_all
from tests.dealt_world import deal
from tests.exports import NOW, mart_bytes, read, run
from tests.identity_world import CLINIC

SEEDS = (1, 8)

pytestmark = pytest.mark.slow


def mappings(raw: Path) -> list[Path]:
    return sorted(raw.rglob("source.toml"))


def exports(raw: Path) -> list[Path]:
    return sorted(raw.rglob("*.csv"))


def bring(paths: list[Path], raw: Path, data: Path) -> None:
    for path in paths:
        goal = data / "raw" / path.relative_to(raw)
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, goal)


@pytest.fixture(scope="module", params=SEEDS)
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with everything at once, built; its marts lie beside it."""
    data = tmp_path_factory.mktemp(f"seed-{request.param}") / "data"
    deal(request.param, data / "raw")
    with run(data) as connection:
        (data.parent / "marts").mkdir()
        mart_bytes(connection, data.parent / "marts")
        told = read(
            connection, "select sum(rows_deleted) as d, sum(rows_merged) as m from ops.file"
        )[0]
        assert told["d"] > 0 and told["m"] > 0
    return data


def marts_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "marts").iterdir())}


def all_at_once(raw: Path, data: Path, dice: random.Random) -> None:
    """Twice: the second time there is nothing new."""
    bring(exports(raw), raw, data)
    ingest_all(data)


def one_by_one(raw: Path, data: Path, dice: random.Random) -> None:
    """In a drawn order, in three deliveries with a release after each."""
    paths = exports(raw)
    dice.shuffle(paths)
    for part in (paths[::3], paths[1::3]):
        bring(part, raw, data)
        ingest_all(data)
        build_release(data, None, NOW, with_gate=False)
    bring(paths[2::3], raw, data)


def newest_first(raw: Path, data: Path, dice: random.Random) -> None:
    """So that every older export comes late."""
    paths = sorted(exports(raw), key=lambda path: path.name[-14:], reverse=True)
    for path in paths:
        bring([path], raw, data)
        ingest_all(data)


def delivered_again(raw: Path, data: Path, dice: random.Random) -> None:
    """Each file once more under another name of the same day."""
    bring(exports(raw), raw, data)
    for path in exports(raw):
        goal = data / "raw" / path.relative_to(raw)
        shutil.copy2(path, goal.with_name(f"again_{goal.name}"))


@pytest.mark.parametrize("deliver", [all_at_once, one_by_one, newest_first, delivered_again])
def test_the_order_of_arrival_leaves_no_trace(
    deliver: Callable[[Path, Path, random.Random], None], whole: Path, tmp_path: Path
) -> None:
    raw, data = whole / "raw", tmp_path / "data"
    shutil.copytree(whole / "keys", data / "keys")
    bring(mappings(raw), raw, data)
    deliver(raw, data, random.Random(deliver.__name__))
    with run(data) as connection:
        found = mart_bytes(connection, tmp_path / "marts")
    wanted = marts_of(whole.parent)
    assert [name for name in wanted if found[name] != wanted[name]] == []


def test_older_exports_that_come_late_change_nothing(whole: Path, tmp_path: Path) -> None:
    """Other figures for known records, records since deleted, and an old full export with somebody more."""
    data = tmp_path / "data"
    shutil.copytree(whole, data)
    folder = data / "raw" / CLINIC
    for path in exports(folder / "app"):
        if "Deleted" not in path.name:
            old = path.read_text(encoding="utf-8").replace(",completed,", ",partial,")
            goal = path.with_name(f"late_{path.name[:-14]}2026-10-{path.name[-6:-4]}.csv")
            goal.write_text(old, encoding="utf-8")
    plans = exports(folder / "plans")[0].read_text(encoding="utf-8")
    (folder / "plans" / "2026-10-01.csv").write_text(plans, encoding="utf-8")
    ledger = ingest_all(data)
    assert ledger.problems == []
    assert build_release(data, None, NOW, with_gate=False).release_id is None
