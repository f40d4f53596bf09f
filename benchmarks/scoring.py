"""Scoring 5 million responses of 30 items, against a bare scan of the same answers.

`python -m benchmarks.scoring [responses]`: a made-up questionnaire of 30 items (one of them reversed
in the second one), scored by the SELECTs of a run, wide (`answers` as one list, as it is landed), and
long (a row per item, for comparison). The floor is one sum over the answers.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from flows.steps.score import RESPONSE_COLUMNS
from flows.steps.score_ref import load_score_ref
from flows.steps.sql_files import SQL_ROOT, build_table, read_sql_file
from schemas.instrument import read_instruments, ref_rows

N_ITEMS = 30
_FORM = """
id = "made_up_{name}"
name = "Benchmark form"
version = "1"
domain = "function"
items = [{{ id = "q1..q30", min = 0, max = 4 }}]
{reverse}
[scores.total]
method = "sum_prorated"
items = ["q1..q30"]
direction = "higher_worse"
range = [0, 120]
missing = {{ policy = "impute_mean_of_answered", min_answered = 20 }}
bands = [{{ from = 0, label = "low" }}, {{ from = 60, label = "high" }}]
"""


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def load_definitions(connection: duckdb.DuckDBPyConnection) -> None:
    """`ref.*` of the two benchmark questionnaires."""
    with tempfile.TemporaryDirectory() as folder:
        for name, reverse in (("plain", ""), ("reversed", 'reverse = ["q4", "q5", "q7", "q8"]')):
            path = Path(folder) / f"{name}.toml"
            path.write_text(_FORM.format(name=name, reverse=reverse), encoding="utf-8")
        load_score_ref(connection, ref_rows(read_instruments(Path(folder)), {}))


def load_responses(connection: duckdb.DuckDBPyConnection, n: int, name: str) -> None:
    """`staging.response` with n responses, 2 % of the answers missing."""
    connection.execute(f"create or replace table staging.response ({RESPONSE_COLUMNS})")
    connection.execute(
        "insert into staging.response by name "
        f"select i::integer as response_no, 'c' as clinic_id, 'made_up_{name}' as instrument, "
        "'1' as version, list_transform(range(30), lambda p: "
        "if((i * 31 + p * 7919) % 50 = 0, null, (i * 7 + p * 13) % 5)::double) as answers "
        f"from range({n}) as t(i)"
    )


def build_scores(connection: duckdb.DuckDBPyConnection) -> None:
    """The two SELECTs of a run."""
    for name in ("staging/score_item.sql", "facts/fct_score.sql"):
        build_table(connection, read_sql_file(SQL_ROOT / name))


def score_long(connection: duckdb.DuckDBPyConnection) -> None:
    """The same total from a row per item, as a pipeline that unpivots would compute it."""
    connection.execute(
        "create or replace table long_score as select response_no, count(answer) as n_answered, "
        f"if(count(answer) >= 20, sum(answer) * {N_ITEMS} / count(answer), null) as value "
        "from long_answer group by response_no"
    )


def main(n: int) -> None:
    """Print seconds and ratios to the scan."""
    with (
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect(f"{folder}/bench.duckdb") as connection,
    ):
        connection.execute("attach ':memory:' as staging")
        connection.execute("create schema facts")
        load_definitions(connection)
        connection.execute(
            "create table staging.source_score (response_no INTEGER, score_id VARCHAR, value DOUBLE)"
        )
        for name in ("plain", "reversed"):
            load_responses(connection, n, name)
            scan = seconds(
                lambda: connection.execute(
                    "select sum(list_sum(answers)) from staging.response"
                ).fetchall()
            )
            wide = seconds(lambda: build_scores(connection))
            print(
                f"{name}: {n} responses, scan {scan:.2f} s, scored {wide:.2f} s, {wide / scan:.1f} x"
            )
        connection.execute(
            "create table long_answer as select response_no, generate_subscripts(answers, 1) as item, "
            "unnest(answers) as answer from staging.response"
        )
        scan = seconds(lambda: connection.execute("select sum(answer) from long_answer").fetchall())
        long = seconds(lambda: score_long(connection))
        print(
            f"long: {n * N_ITEMS} rows, scan {scan:.2f} s, scored {long:.2f} s, {long / scan:.1f} x"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000)
