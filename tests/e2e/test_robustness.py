"""Readers see whole releases only, whatever happens to the one who writes."""

import random
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.steps import release
from flows.steps.ledger import clear_leftovers, read_ledger
from flows.steps.pipeline import ingest_all, run_all
from flows.steps.publish import current_release_id, releases
from tests.tiny_world import (
    check_ledger,
    die_at_move,
    fast_folder,
    leftovers,
    look,
    processes,
    run_to_the_end,
    start_run,
    watch,
    write_world,
)

pytestmark = pytest.mark.slow
TOMORROW = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def data() -> Iterator[Path]:
    with fast_folder() as folder:
        yield folder


def test_a_polling_reader_sees_only_whole_releases_through_20_runs(data):
    write_world(data, 1)
    run_to_the_end(data)
    analyst = data / "warehouse/analyst.duckdb"
    published = {look(analyst)[0]: 1}
    stop, (told, telling) = processes.Event(), processes.Pipe(duplex=False)
    reader = processes.Process(target=watch, args=(analyst, stop, telling))
    reader.start()
    for n_sessions in range(2, 22):
        write_world(data, n_sessions)
        _, built = run_all(data, with_gate=False)
        assert built.release_id is not None
        published[built.release_id] = n_sessions
    stop.set()
    looks = told.recv()
    reader.join()
    assert not isinstance(looks, Exception), looks
    assert len(published) == 21
    for release_id, named_by_marts, n_facts, n_rows in looks:
        assert named_by_marts == (release_id,)
        assert n_facts == n_rows == published[release_id]
    order = [release_id for release_id, *_ in looks]
    assert order == sorted(order)  # nobody is thrown back to an older release
    assert len(set(order)) >= 10


def test_30_kills_at_random_points_leave_the_last_good_release(data):
    rng, n_sessions, n_killed = random.Random(20260331), 1, 0
    write_world(data, n_sessions)
    run_to_the_end(data)
    good, duration = {n_sessions}, 3.0
    while n_killed < 30:
        n_sessions += 1
        write_world(data, n_sessions)
        began, run = time.monotonic(), start_run(data)
        run.join(rng.uniform(0, duration))
        run.kill()
        run.join()
        if run.exitcode == 0:  # it was over before: spread the kills over a shorter time
            duration = min(duration, 0.9 * (time.monotonic() - began))
        n_killed += run.exitcode != 0
        assert n_sessions < 100
        good = {check_release(data, {*good, n_sessions} if run.exitcode else {n_sessions})}
        if n_killed % 4 == 0 and run.exitcode:
            run_to_the_end(data)  # the same exports once more
            good = {check_release(data, {n_sessions})}
            assert leftovers(data) == []
    write_world(data, n_sessions + 1)
    run_to_the_end(data)
    check_release(data, {n_sessions + 1})
    assert leftovers(data) == []
    check_ledger(data)


def check_release(data: Path, possible: set[int]) -> int:
    """The release in force is whole and holds one of the possible numbers of sessions, which is returned."""
    current = current_release_id(data / "warehouse")
    assert current in {known.release_id for known in releases(data / "warehouse")}
    release_id, named_by_marts, n_facts, n_rows = look(data / "warehouse/analyst.duckdb")
    assert named_by_marts == (release_id,) == (current,)
    assert n_facts == n_rows
    assert n_facts in possible
    assert (data / "warehouse/dashboard.duckdb").exists()
    return n_facts


@pytest.fixture
def finished(data) -> tuple[Path, release.Draft]:
    """One release in force, and a draft of the next one that is ready to be published."""
    write_world(data, 1)
    run_all(data, with_gate=False)
    write_world(data, 2)
    ingest_all(data)
    draft = release.start(data, None, TOMORROW)
    assert draft is not None
    release.build(draft)
    release.disclose_draft(draft)
    (draft.folder / "gate.json").write_text("{}")
    return data, draft


def test_a_kill_at_any_move_of_publishing_leaves_one_of_the_two_releases(finished, tmp_path):
    data, draft = finished
    number, code, seen = 0, -9, []
    while code != 0:
        number += 1
        copy = tmp_path / "data"
        shutil.copytree(data, copy, symlinks=True)
        moved = release.Draft(copy, draft.release_id, draft.now, draft.clinics, draft.hashes)
        code = die_at_move(number, release.finish_draft, moved)
        seen.append(check_release(copy, {1, 2}))
        clear_leftovers(copy / "warehouse")
        assert leftovers(copy) == []
        # What was published counts as built; what was not is built by the next run.
        assert (release.start(copy, None, TOMORROW) is None) == (seen[-1] == 2)
        shutil.rmtree(copy)
    assert seen == sorted(seen)
    assert set(seen) == {1, 2}


def test_a_kill_at_any_move_of_taking_in_loses_nothing(finished, tmp_path):
    data, _ = finished
    write_world(data, 3)
    whole = tmp_path / "whole"
    shutil.copytree(data, whole, symlinks=True)
    expected = ingest_all(whole)
    number, code = 0, -9
    while code != 0:
        number += 1
        copy = tmp_path / "data"
        shutil.copytree(data, copy, symlinks=True)
        code = die_at_move(number, ingest_all, copy)
        check_release(copy, {1})
        ledger = read_ledger(copy / "warehouse")
        assert all(
            (copy / "warehouse" / p).exists() for f in ledger.files for p in f["landed"].values()
        )
        assert ingest_all(copy) == expected
        assert leftovers(copy) == []
        shutil.rmtree(copy)
    assert number > 5
