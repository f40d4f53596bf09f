"""What it costs when every row of an export is bad, beside the same export without a fault.

    python -m benchmarks.refused [SESSIONS]      # default 1000000

Both are taken in and built; the bad one is refused whole (exit 13), with a problem for each row, and its fix-list written. Each turn
in a process of its own, the two by turns.
"""

import argparse
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

from benchmarks.measure import Cost, measure, spread

OUT = Path(__file__).parent / "out" / "refused"
ROUNDS = 3


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sessions", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--make", type=Path)
    parser.add_argument("--take", type=Path)
    given = parser.parse_args()
    if given.make:
        make(given.make, given.sessions)
    elif given.take:
        take(given.take)
    else:
        compare(given.sessions)


def compare(n_sessions: int) -> None:
    """All good and all bad by turns, and their ratio within a round."""
    for kind in ("good", "bad"):
        if not (OUT / f"{kind}_{n_sessions}" / "complete").exists():
            folder = OUT / f"{kind}_{n_sessions}"
            measure("benchmarks.refused", str(n_sessions), "--make", str(folder))
            (folder / "complete").touch()
    costs: dict[str, list[Cost]] = {"good": [], "bad": []}
    for _ in range(ROUNDS):
        for kind, told in costs.items():
            data = OUT / f"{kind}_{n_sessions}"
            shutil.rmtree(data / "warehouse", ignore_errors=True)
            told.append(measure("benchmarks.refused", "--take", str(data)))
    print(
        f"\n{n_sessions:,} sessions, all good or all bad, {ROUNDS} rounds: wall s, cpu s, peak MB"
    )
    for kind, told in costs.items():
        print(f"{kind:<10}", *(spread([getattr(c, w) for c in told]) for w in ("wall", "cpu", "peak")))  # fmt: skip
    pairs = list(zip(costs["bad"], costs["good"], strict=True))
    print(f"{'x good':<10}", *(spread([getattr(b, w) / getattr(g, w) for b, g in pairs]) for w in ("wall", "cpu", "peak")))  # fmt: skip


def make(data: Path, n_sessions: int) -> None:
    """A network whose session export has no fault, or one in each row, by the name of its folder."""
    import polars as pl

    from benchmarks.sessions import SESSIONS_PER_PERSON, write_sessions

    shutil.rmtree(data, ignore_errors=True)
    write_sessions(data / "raw", n_sessions)
    (export,) = (data / "raw" / "bench" / "app").glob("*.csv")
    (registry,) = (data / "raw" / "bench" / "registry").glob("*.csv")
    people = pl.read_csv(registry, infer_schema=False).select("person", begun="start")
    row = pl.int_range(pl.len())
    start = pl.col("begun").str.to_datetime("%Y-%m-%d") + pl.duration(
        days=row % SESSIONS_PER_PERSON, hours=6, minutes=row % 600
    )
    written = "%Y-%m-%d %H:%M:%S"
    good = people.select(pl.all().repeat_by(SESSIONS_PER_PERSON).explode()).select(
        pl.format("S{}", row).alias("session"),
        "person",
        start=start.dt.to_string(written),
        end=(start + pl.duration(minutes=20)).dt.to_string(written),
        minutes=pl.lit("20"),
        status=pl.lit("completed"),
        pain_pre=pl.lit("6"),
        pain_post=pl.lit("4"),
    )
    bad = good.with_columns(minutes=pl.lit("a lot"), status=pl.lit("done?"))
    (bad if data.name.startswith("bad") else good).write_csv(export)


def take(data: Path) -> None:
    """Everything up to the marts, and the fix-list of what was refused."""
    from benchmarks.whole_run import built
    from flows.steps import release
    from flows.steps.fixlist import read_fixlist
    from flows.steps.fixlist_files import write_csv
    from flows.steps.pipeline import ingest_all

    ledger = ingest_all(data)
    draft = release.start(data, None, datetime.now(UTC))
    if draft is None:
        raise SystemExit(f"nothing to build in {data}")
    release.build(draft)
    if ledger.problems:
        n_told = write_csv(read_fixlist(data, date(2026, 4, 1)), data, data / "fixlist.csv")
        print(f"{n_told} problems told, built in {built(data)}")


if __name__ == "__main__":
    main()
