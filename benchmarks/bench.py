"""What the whole way costs beside a bare DuckDB: `make bench`.

    python -m benchmarks.bench [--rounds 3] [SESSIONS ...]     # default 1000000 10000000

Floor and whole run take turns, each in a process of its own, so that a noisy neighbour hits both; ratios
are taken within a round. Processor time is steadier than wall time: where they differ, believe it.
Disclosure, the gate and Prefect's start are timed apart: they do not grow with the sessions.
"""

import argparse
import shutil
from pathlib import Path

from benchmarks.measure import Cost, measure, spread

OUT = Path(__file__).parent / "out"
DEFAULT_SESSIONS = (1_000_000, 10_000_000)
DEFAULT_ROUNDS = 3
HEADER = f"{'':<28}{'wall s':>22}{'cpu s':>22}{'peak MB':>20}"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sessions", type=int, nargs="*", default=DEFAULT_SESSIONS)
    parser.add_argument("--rounds", type=int, default=DEFAULT_ROUNDS)
    given = parser.parse_args()
    for n_sessions in given.sessions or DEFAULT_SESSIONS:
        compare(n_sessions, given.rounds)
    print_start(given.rounds)


def compare(n_sessions: int, rounds: int) -> None:
    """Floor and whole run by turns on one synthetic export, then disclosure and gate on the last."""
    data = synthetic_data(n_sessions)
    floors: list[Cost] = []
    wholes: list[Cost] = []
    for _ in range(rounds):
        floors.append(run_floor(data))
        wholes.append(run_whole(data))
    export = next((data / "raw" / "bench" / "app").glob("*.csv"))
    print(
        f"\n{n_sessions:,} sessions, {export.stat().st_size / 1e6:.0f} MB of CSV, {rounds} rounds"
    )
    print(HEADER)
    print_costs("floor (bare DuckDB)", floors)
    print_costs("read to marts", wholes)
    print_ratios(floors, wholes)
    for name in ("disclose", "gate"):  # in this order: the gate looks at both databases
        print_costs(f"{name}, apart", [measure("benchmarks.whole_run", f"--{name}", str(data))])


def synthetic_data(n_sessions: int) -> Path:
    """A data folder with one clinic of that many sessions; kept for the next time."""
    data = OUT / str(n_sessions)
    if not (data / "complete").exists():
        shutil.rmtree(data, ignore_errors=True)
        measure("benchmarks.clinic_network", str(data / "raw"), "--sessions", str(n_sessions))
        (data / "complete").touch()
    return data


def run_floor(data: Path) -> Cost:
    """The floor, into an empty folder."""
    shutil.rmtree(data / "floor", ignore_errors=True)
    return measure("benchmarks.floor", str(data / "raw"), str(data / "floor"))


def run_whole(data: Path) -> Cost:
    """The whole way from nothing: no warehouse, no key, no file known."""
    shutil.rmtree(data / "warehouse", ignore_errors=True)
    return measure("benchmarks.whole_run", str(data))


def print_costs(name: str, costs: list[Cost]) -> None:
    """One row of the table."""
    wall, cpu = spread([c.wall for c in costs]), spread([c.cpu for c in costs])
    print(f"{name:<28}{wall:>22}{cpu:>22}{spread([c.peak for c in costs], 0):>20}")


def print_ratios(floors: list[Cost], wholes: list[Cost]) -> None:
    """The whole run as multiples of the floor of the same round."""
    pairs = list(zip(floors, wholes, strict=True))
    wall, cpu, peak = (
        spread([getattr(whole, what) / getattr(floor, what) for floor, whole in pairs])
        for what in ("wall", "cpu", "peak")
    )
    print(f"{'x floor':<28}{wall:>22}{cpu:>22}{peak:>20}")


def print_start(rounds: int) -> None:
    """What every run pays once: importing Prefect, and a flow that does nothing."""
    print(f"\nonce per run, {rounds} rounds\n{HEADER}")
    for name, what in {"import prefect": "--import", "with an empty flow": "--flow"}.items():
        print_costs(name, [measure("benchmarks.prefect_start", what) for _ in range(rounds)])


if __name__ == "__main__":
    main()
