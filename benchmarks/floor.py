"""The floor: what a bare DuckDB needs for the same bytes, without checking anything.

CSV -> typed Parquet (zstd, TRY_CAST, order kept) -> two GROUP BYs. Run as a process of its own:

    python -m benchmarks.floor RAW_FOLDER OUT_FOLDER
"""

import sys
from pathlib import Path

import duckdb

TYPED = """
copy (
    select
        session,
        person,
        try_cast("start" as timestamp) as started_at,
        try_cast("end" as timestamp) as ended_at,
        try_cast("minutes" as double) as length,
        status,
        try_cast(pain_pre as double) as pain_pre,
        try_cast(pain_post as double) as pain_post
    from read_csv(?, header = true, all_varchar = true)
) to '{parquet}' (format parquet, compression zstd)
"""
BY_PERSON = """
create table by_person as
select person, count(*) as n_sessions, sum(length) as total, avg(pain_post - pain_pre) as eased
from read_parquet(?)
group by person
"""
BY_PLAN = """
create table by_plan as
select
    plan.condition,
    plan.weeks,
    count(*) as n_sessions,
    sum(session.length) as total,
from read_parquet(?) as session
join read_csv(?, header = true) as plan on plan.person = session.person
group by plan.condition, plan.weeks
"""


def main(raw: Path, out: Path) -> None:
    """Read, type, write, aggregate."""
    (sessions,) = (raw / "bench" / "app").glob("*.csv")
    (people,) = (raw / "bench" / "registry").glob("*.csv")
    out.mkdir(parents=True, exist_ok=True)
    parquet = out / "floor.parquet"
    with duckdb.connect(str(out / "floor.duckdb")) as connection:
        connection.execute(TYPED.format(parquet=parquet), [str(sessions)])
        connection.execute(BY_PERSON, [str(parquet)])
        connection.execute(BY_PLAN, [str(parquet), str(people)])
        (n_sessions,) = connection.sql("select sum(n_sessions) from by_person").fetchall()[0]
    print(f"{n_sessions} sessions")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
