"""What `make bench` measures with, on almost nothing."""

import subprocess
import sys

import duckdb
import pytest

from benchmarks import floor
from benchmarks.bench import print_ratios
from benchmarks.measure import Cost, measure, spread
from benchmarks.sessions import write_sessions


def test_spread_is_median_and_range():
    assert spread([1.0]) == "1.00"
    assert spread([3.0, 1.0, 2.0]) == "2.00 (1.00-3.00)"
    assert spread([10.0, 20.0], digits=0) == "15 (10-20)"


def test_ratios_are_taken_within_a_round(capsys):
    floors = [Cost(1, 1, 100), Cost(2, 2, 100)]
    wholes = [Cost(2, 3, 100), Cost(4, 6, 200)]
    print_ratios(floors, wholes)
    assert capsys.readouterr().out.split() == [
        *("x", "floor", "2.00", "(2.00-2.00)", "3.00", "(3.00-3.00)", "1.50", "(1.00-2.00)")
    ]


def test_a_measured_process_has_a_cost():
    # From a small process, as bench.py is one: the memory of whoever starts a process is counted as its own.
    asked = "from benchmarks.measure import measure; cost = measure('platform'); print(cost.wall, cost.cpu, cost.peak)"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True, text=True)
    wall, cpu, peak = map(float, told.stdout.split())
    assert wall > 0 and cpu > 0 and 1 < peak < 1000


def test_a_failing_process_ends_the_bench_with_its_own_words():
    with pytest.raises(SystemExit, match=r"No module named benchmarks\.nowhere"):
        measure("benchmarks.nowhere")


def test_the_floor_loses_no_row_and_checks_nothing(tmp_path, capsys):
    planted = write_sessions(tmp_path / "raw", 3_300)
    floor.main(tmp_path / "raw", tmp_path / "floor")
    assert capsys.readouterr().out == "3300 sessions\n"
    with duckdb.connect(str(tmp_path / "floor" / "floor.duckdb"), read_only=True) as connection:
        strangers = connection.sql("select sum(n_sessions) from by_person where person like 'Q%'")
        assert strangers.fetchall()[0][0] == planted["unknown_participant"]
        by_plan = connection.sql("select sum(n_sessions) from by_plan").fetchall()[0][0]
    assert by_plan == 3_300 - planted["unknown_participant"] - planted["missing_required"]
