"""Scoring 5 million responses of 30 items, against a bare scan of the same answers.

`python -m benchmarks.scoring [responses]`: made-up questionnaires of 30 items, one plain, one with four
items reversed, scored by the SELECTs of a run from Parquet as it is landed. Three figures, in processor
seconds (wall time on a shared machine says little):

- scan: `sum(list_sum(answers))` over the Parquet, the least that reading the answers can cost;
- scored: every column of `facts.fct_score_figure`, computed from the Parquet and thrown away;
- kept: the same written into a warehouse file, as a run does (`facts.fct_score` is a view with names over it). A bare copy of as many columns,
  with a plain sum for a score, stands beside it.

Long is the same from a row per answer (its scan reads whose and which answer it is, too): gathered into
lists first, as an export of that kind would be. That gathering is most of its cost.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from flows.steps.score import build_scores
from flows.steps.score_ref import load_score_ref
from flows.steps.sql_files import SQL_ROOT, read_sql_file
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
# 2 % of the answers missing; ten responses a person, as many as a run of visits gives
_WIDE = """
copy (
    select
        i::integer as response_no, 'c' as clinic_id,
        md5((i // 10)::varchar)[:26] as participant_key, 'made_up_{name}' as instrument,
        '1' as version, null::varchar as language, null::varchar as coding_variant,
        null::varchar as missing_option, null::varchar as value_set, 'completed' as status,
        list_transform(range({items}), lambda p:
            if((i * 31 + p * 7919) % 50 = 0, null, (i * 7 + p * 13) % 5)::double) as answers,
        md5((i // 100000)::varchar) as file_key, i as line
    from range({n}) as t(i)
) to '{path}' (format parquet, compression zstd)
"""
_LONG = """
copy (
    select
        response_no, unnest(answers) as answer,
        generate_subscripts(answers, 1)::utinyint as position
    from read_parquet('{wide}')
) to '{path}' (format parquet, compression zstd)
"""
# Rows of one response nearly always come in their order; where they do not, they are put into it.
_GATHERED = """
create or replace table staging.response as
with listed as (
    select response_no, list(answer) as answers, list(position) as places
    from read_parquet('{path}')
    group by response_no
)
select
    r.* exclude (answers),
    case when places = range(1, {items} + 1)::utinyint[] then listed.answers
        else list_select(listed.answers, list_grade_up(places)) end as answers
from read_parquet('{wide}') as r
inner join listed on listed.response_no = r.response_no
"""
# as many columns as facts.fct_score_figure has
_BARE_COPY = """
create or replace table facts.bare_copy as
select
    response_no, 1 as rule_no, list_sum(answers) as value, null::varchar as value_text, 30 as n_items,
    list_count(answers)::integer as n_answered, list_count(answers) < 30 as is_prorated,
    (line % 2)::tinyint as band_no, true as is_ours, value_set, null::varchar as null_reason
from staging.response
"""
# What the view takes names from: all these responses are of one kind of form.
_FORMS = """
create or replace view staging.response_form as select * exclude (response_no), 0 as form_no from staging.response limit 1;
create or replace view staging.survey_answer as select *, 0 as form_no from staging.response
"""


def cpu_seconds(work: Callable[[], object]) -> float:
    """Processor time of a call, all threads: the better of two, as neighbours cost cache."""
    times = []
    for _ in range(2):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def load_definitions(connection: duckdb.DuckDBPyConnection) -> None:
    """`ref.*` of the two benchmark questionnaires."""
    with tempfile.TemporaryDirectory() as folder:
        for name, reverse in (("plain", ""), ("reversed", 'reverse = ["q4", "q5", "q7", "q8"]')):
            path = Path(folder) / f"{name}.toml"
            path.write_text(_FORM.format(name=name, reverse=reverse), encoding="utf-8")
        load_score_ref(connection, ref_rows(read_instruments(Path(folder)), {}))


def score_only(connection: duckdb.DuckDBPyConnection) -> None:
    """Every column of every score computed, none kept."""
    select = read_sql_file(SQL_ROOT / "facts" / "fct_score_figure.sql").select
    connection.execute(f"select count(columns(*)) from ({select})").fetchall()


def compare(
    connection: duckdb.DuckDBPyConnection, label: str, scan: str, make_responses: str
) -> None:
    """Print one line: scan, scored and kept, with their ratios."""
    floor = cpu_seconds(lambda: connection.execute(scan).fetchall())
    made = cpu_seconds(lambda: connection.execute(make_responses))
    scored = made + cpu_seconds(lambda: score_only(connection))
    kept = made + cpu_seconds(lambda: build_scores(connection))
    copied = cpu_seconds(lambda: connection.execute(_BARE_COPY))
    figures = {"scored": scored, "kept": kept, "bare copy": copied}
    ratios = "".join(f"   {k} {v:6.2f} s = {v / floor:4.1f} x" for k, v in figures.items())
    print(f"{label:14} scan {floor:6.2f} s{ratios}", flush=True)


def main(n: int) -> None:
    """Print processor seconds and ratios to the scan."""
    print(f"{n} responses of {N_ITEMS} items, processor time, DuckDB {duckdb.__version__}")
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
        wide, long = f"{folder}/wide.parquet", f"{folder}/long.parquet"
        view = f"create or replace view staging.response as from read_parquet('{wide}')"
        for name in ("plain", "reversed"):
            connection.execute(_WIDE.format(name=name, items=N_ITEMS, n=n, path=wide))
            connection.execute(view)
            connection.execute(_FORMS)
            build_scores(connection)  # the small tables and views
            scan = f"select sum(list_sum(answers)) from read_parquet('{wide}')"
            compare(connection, f"wide, {name}", scan, view)
        connection.execute(_LONG.format(wide=wide, path=long))
        connection.execute("drop view staging.response")
        columns = "sum(answer), max(response_no), max(position)"
        scan = f"select {columns} from read_parquet('{long}')"
        compare(
            connection,
            "long, reversed",
            scan,
            _GATHERED.format(path=long, wide=wide, items=N_ITEMS),
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000)
