"""What taking in one large export costs in memory: `python -m benchmarks.memory`.

    python -m benchmarks.memory [--csv-mb 2000] [--ndjson-mb 500]

Each format at half the size and at the whole: what is held must not grow with the file. Peak is what the system counts as resident.
"""

import argparse
import shutil
from pathlib import Path

from benchmarks.measure import Cost, measure

OUT = Path(__file__).parent / "out" / "memory"
BYTES_PER_SESSION = {"csv": 75.8, "ndjson": 175.0}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv-mb", type=int, default=2000)
    parser.add_argument("--ndjson-mb", type=int, default=500)
    parser.add_argument("--ingest", type=Path)
    parser.add_argument("--make", nargs=3)
    given = parser.parse_args()
    if given.ingest:
        ingest(given.ingest)
    elif given.make:
        make(Path(given.make[0]), given.make[1], int(given.make[2]))
    else:
        compare("csv", given.csv_mb)
        compare("ndjson", given.ndjson_mb)


def compare(form: str, megabytes: int) -> None:
    """Half the size, then the whole."""
    costs: list[Cost] = []
    for size in (megabytes // 2, megabytes):
        data = OUT / f"{form}_{size}"
        if not (data / "complete").exists():
            n_sessions = int(size * 1e6 / BYTES_PER_SESSION[form])
            measure("benchmarks.memory", "--make", str(data), form, str(n_sessions))
            (data / "complete").touch()
        shutil.rmtree(data / "warehouse", ignore_errors=True)
        costs.append(measure("benchmarks.memory", "--ingest", str(data)))
        export = next((data / "raw" / "bench" / "app").glob(f"*.{form}"))
        print(
            f"{form} of {export.stat().st_size / 1e6:.0f} MB: peak {costs[-1].peak:.0f} MB, {costs[-1].wall:.1f} s wall, "
            f"{costs[-1].cpu:.1f} s cpu"
        )
    print(f"{form}: {costs[1].peak / costs[0].peak:.2f} x the memory for twice the size")


def ingest(data: Path) -> None:
    """Take in everything below `data/raw`."""
    from flows.steps.pipeline import ingest_all

    ledger = ingest_all(data)
    if ledger.problems:
        raise SystemExit("\n".join(problem.message for problem in ledger.problems))


def make(data: Path, form: str, n_sessions: int) -> None:
    """One session export of that many rows; NDJSON is the same table as one object per line."""
    from benchmarks.sessions import write_sessions

    shutil.rmtree(data, ignore_errors=True)
    write_sessions(data / "raw", n_sessions)
    app = data / "raw" / "bench" / "app"
    if form == "ndjson":
        _to_ndjson(app)


def _to_ndjson(app: Path) -> None:
    import duckdb

    export = next(app.glob("*.csv"))
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (from read_csv('{export}', all_varchar = true)) to '{export.with_suffix('.ndjson')}' (format json)"
        )
    export.unlink()
    mapping = app / "source.toml"
    text = mapping.read_text(encoding="utf-8").replace('"csv"', '"jsonl"')
    mapping.write_text(text.replace('"*.csv"', '"*.ndjson"'), encoding="utf-8")


if __name__ == "__main__":
    main()
