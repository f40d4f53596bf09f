"""The whole way without orchestrator and gate: what stands beside the floor in `bench.py`.

python -m benchmarks.whole_run DATA               # read to marts, published nowhere
python -m benchmarks.whole_run --disclose DATA    # then the dashboard's database ...
python -m benchmarks.whole_run --gate DATA        # ... and the gate, each timed by itself
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from flows.steps import release
from flows.steps.disclose import disclose
from flows.steps.gate import gate
from flows.steps.pipeline import ingest_all


def read_to_marts(data: Path) -> None:
    """Take every export in and build the analyst's database; it stays where it was built."""
    ledger = ingest_all(data)
    if ledger.problems:
        raise SystemExit("\n".join(problem.message for problem in ledger.problems))
    draft = release.start(data, None, datetime.now(UTC))
    if draft is None:
        raise SystemExit(f"nothing to build in {data}")
    release.build(draft)


def built(data: Path) -> Path:
    """The folder that `read_to_marts` left behind."""
    (folder,) = (data / "warehouse" / "releases").glob(".building-*")
    return folder


def disclose_built(data: Path) -> None:
    """Make the dashboard's database."""
    disclose(built(data) / "analyst.duckdb", built(data) / "dashboard.duckdb")


def check_built(data: Path) -> None:
    """Let the gate look at both databases."""
    folder = built(data)
    result = gate(folder / "analyst.duckdb", folder / "dashboard.duckdb", folder / "gate.json")
    print(f"gate passed: {result.passed}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--disclose", action="store_true")
    parser.add_argument("--gate", action="store_true")
    given = parser.parse_args()
    step = read_to_marts
    if given.disclose:
        step = disclose_built
    if given.gate:
        step = check_built
    step(given.data)


if __name__ == "__main__":
    main()
