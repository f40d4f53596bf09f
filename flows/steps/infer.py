"""Inference on person-level facts: facts.fct_outcome by cell -> staging.outcome_inference.

Stands between facts and marts, because means, intervals and tests need the people behind a cell and
not its counts. Rows are read in key order and added in that order, one kind of cell after the other,
so the result does not depend on threads or on the order in which files came.
"""

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from flows.stats.mean import t_interval
from flows.stats.moments import Floats, Ints, grouped_correlation, grouped_moments
from flows.stats.proportion import wilson_interval

_SCORES = """
select s.stratum_no, v.score_visit_no, o.aval, o.base, o.improve, o.pchg
from facts.fct_outcome as o
join staging.outcome_stratum as s on s.enrolment_no = o.enrolment_no
join score_visit as v
    on v.instrument = o.instrument and v.version = o.version and v.score_id = o.score_id
    and v.visit = o.visit
where o.aval is not null
order by o.enrolment_no, v.score_visit_no
"""
_SCORE_VISITS = """
create or replace temp table score_visit as
select row_number() over (order by v.instrument, v.version, v.score_id, v.visit)::integer - 1 as score_visit_no,
    v.*, case s.direction when 'higher_worse' then -1.0 else 1.0 end as sign
from (select distinct instrument, version, score_id, visit from staging.outcome_count) as v
left join staging.outcome_score as s
    on s.instrument = v.instrument and s.version = v.version and s.score_id = v.score_id
order by score_visit_no
"""
_COUNTS = """
select c.*, v.sign, c.cell_no::bigint * (select count(*) from score_visit) + v.score_visit_no as group_no
from staging.outcome_count as c
join score_visit as v
    on v.instrument = c.instrument and v.version = c.version and v.score_id = c.score_id
    and v.visit = c.visit
order by group_no
"""
_INFERENCE = """
create or replace table staging.outcome_inference as
select c.cell_no, v.instrument, v.version, v.score_id, v.visit, f.* exclude (group_no)
from inferred as f
join score_visit as v on v.score_visit_no = f.group_no % (select count(*) from score_visit)
join (select distinct cell_no from staging.outcome_cell) as c
    on c.cell_no = f.group_no // (select count(*) from score_visit)
"""
RESPONSES = ("mic", "r30", "r50")
MOMENTS = (
    "visit_mean", "visit_sd", "baseline_mean", "baseline_sd", "followup_mean", "followup_sd",
    "improve_mean", "improve_sd", "pchg_mean", "r_pre_post",
)  # fmt: skip
DENOMINATORS = {"pair": "n_pair", "due": "n_due", "eligible": "n_eligible_resp"}


@dataclass(frozen=True)
class Scores:
    """Valid scores in key order, by stratum and by number of score x visit."""

    stratum: Ints
    score_visit: Ints
    values: dict[str, Floats]

    def where(self, column: str) -> "Scores":
        """Those in which this column is known."""
        known = ~np.isnan(self.values[column])
        values = {name: value[known] for name, value in self.values.items()}
        return Scores(self.stratum[known], self.score_visit[known], values)


def infer(connection: duckdb.DuckDBPyConnection) -> None:
    """Create staging.outcome_inference: one row per cell x score x visit."""
    connection.execute(_SCORE_VISITS)
    counts = _columns(connection, _COUNTS)
    level = _policy(connection, "outcome.interval_level")
    group_no = counts["group_no"].astype(np.int64)
    columns = _moments_by_cell(connection, group_no)
    columns |= _change(columns, counts, level) | _responder_intervals(counts, level)
    # NaN is "not observed" here; DuckDB would sort it above every number.
    inferred = pa.table(
        {"group_no": group_no} | {k: pa.array(v, from_pandas=True) for k, v in columns.items()}
    )
    connection.register("inferred", inferred)
    connection.execute(_INFERENCE)
    connection.unregister("inferred")


def _policy(connection: duckdb.DuckDBPyConnection, key: str) -> float:
    """The number under this key of ref.policy."""
    row = connection.execute("select value from ref.policy where key = $1", [key]).fetchone()
    if row is None:
        raise KeyError(f"schemas/policy.toml: {key} is missing")
    return float(row[0])


def _columns(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, np.ndarray]:
    """Columns of a query as plain arrays: NULL in a number becomes NaN."""
    fetched = connection.execute(query).fetchnumpy()
    return {name: _filled(column) for name, column in fetched.items()}


def _filled(column: np.ndarray) -> np.ndarray:
    """A masked whole number becomes a float with NaN; text keeps its mask out of arithmetic."""
    if isinstance(column, np.ma.MaskedArray) and column.dtype.kind in "fiu":
        return np.ma.filled(column.astype(np.float64), np.nan)
    return np.asarray(column)


def _read_scores(connection: duckdb.DuckDBPyConnection) -> Scores:
    columns = _columns(connection, _SCORES)
    stratum = columns.pop("stratum_no").astype(np.int64)
    # 3.3 - 2.3 and 2.3 - 1.3 are the same change: float noise must not make an SD.
    columns["improve"] = np.round(columns["improve"], 12)
    return Scores(stratum, columns.pop("score_visit_no").astype(np.int64), columns)


def _cells_of_strata(connection: duckdb.DuckDBPyConnection) -> Ints:
    """Cell number by (stratum number, kind of cell); both count from 1."""
    cell = _columns(connection, "select stratum_no, cell_kind, cell_no from staging.outcome_cell")
    shape = (cell["stratum_no"].max(initial=0) + 1, cell["cell_kind"].max(initial=0) + 1)
    table = np.zeros(shape, np.int64)
    table[cell["stratum_no"], cell["cell_kind"]] = cell["cell_no"]
    return table


def _moments_by_cell(connection: duckdb.DuckDBPyConnection, group_no: Ints) -> dict[str, Floats]:
    """Means, SDs and the correlation of pairs, aligned with the sorted group numbers."""
    scores, cells = _read_scores(connection), _cells_of_strata(connection)
    pairs = scores.where("improve")
    parts = (scores, pairs, pairs.where("pchg"))
    n_score_visits = _columns(connection, "select count(*) as n from score_visit")["n"][0]
    place_of = np.zeros(group_no.max(initial=0) + 1, np.int64)
    place_of[group_no] = np.arange(len(group_no))
    result = {name: np.full(len(group_no), np.nan) for name in MOMENTS}
    for kind in range(1, cells.shape[1]) if len(scores.stratum) else ():
        # Cells are numbered kind by kind, so the groups of one kind are neighbours.
        places = [place_of[cells[s.stratum, kind] * n_score_visits + s.score_visit] for s in parts]
        start, stop = places[0].min(), places[0].max() + 1
        groups = [place - start for place in places]
        for name, column in _moments(groups, parts, stop - start).items():
            result[name][start:stop] = column
    return result


def _moments(groups: list[Ints], parts: tuple[Scores, ...], n_groups: int) -> dict[str, Floats]:
    """Moments of one kind of cell: of all scores, of the pairs, of the pairs with a percent change."""
    (of_all, of_pair, of_percent), (scores, pairs, percents) = groups, parts
    base_value, aval_value = pairs.values["base"], pairs.values["aval"]
    visit = grouped_moments(of_all, scores.values["aval"], n_groups)
    base = grouped_moments(of_pair, base_value, n_groups)
    followup = grouped_moments(of_pair, aval_value, n_groups)
    improve = grouped_moments(of_pair, pairs.values["improve"], n_groups)
    return {
        "visit_mean": visit.mean, "visit_sd": visit.sd,
        "baseline_mean": base.mean, "baseline_sd": base.sd,
        "followup_mean": followup.mean, "followup_sd": followup.sd,
        "improve_mean": improve.mean, "improve_sd": improve.sd,
        "pchg_mean": grouped_moments(of_percent, percents.values["pchg"], n_groups).mean,
        "r_pre_post": grouped_correlation(of_pair, base_value, aval_value, base, followup),
    }  # fmt: skip


def _change(
    moments: dict[str, Floats], counts: dict[str, np.ndarray], level: float
) -> dict[str, Floats]:
    """Intervals of the mean improvement, and the same seen as change of the score."""
    mean, sd, sign = moments["improve_mean"], moments["improve_sd"], counts["sign"]
    lower, upper = t_interval(counts["n_pair"], mean, sd, level)
    return {
        "improve_ci_lo": lower, "improve_ci_hi": upper,
        "change_mean": sign * mean, "change_sd": sd,
        "change_ci_lo": np.minimum(sign * lower, sign * upper),
        "change_ci_hi": np.maximum(sign * lower, sign * upper),
    }  # fmt: skip


def _responder_intervals(counts: dict[str, np.ndarray], level: float) -> dict[str, Floats]:
    """Wilson limits in percent of every responder share; where a share has no meaning the mart drops it."""
    columns: dict[str, Floats] = {}
    for response in RESPONSES:
        for name, denominator in DENOMINATORS.items():
            share = f"resp_{response}_{name}"
            lower, upper = wilson_interval(counts[f"n_{share}"], counts[denominator], level)
            columns |= {f"pct_{share}_ci_lo": 100 * lower, f"pct_{share}_ci_hi": 100 * upper}
    return columns
