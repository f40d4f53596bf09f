"""Inference on person-level facts: facts.fct_outcome by cell -> staging.outcome_inference.

Stands between facts and marts, because means, intervals and tests need the people behind a cell and
not its counts. Rows are read in key order and added in that order, one kind of cell after the other,
so the result does not depend on threads or on the order in which files came. What is computed stands in
infer_change (sizes), infer_tests (p), infer_missing (those who did not answer) and wording (what may be said).
"""

import duckdb
import numpy as np
import pyarrow as pa

from flows.stats.moments import Floats
from flows.stats.regression_to_mean import expected_change
from flows.steps.infer_change import (
    change_columns,
    moments_by_group,
    responder_intervals,
    size_columns,
)
from flows.steps.infer_groups import Columns, Groups, Scores, read_groups, read_scores
from flows.steps.infer_missing import bocf_column, imputed_columns
from flows.steps.infer_tables import read_policy
from flows.steps.infer_tests import changes_of, p_columns, plan_of, rank_columns
from flows.steps.wording_codes import change_codes, wording_codes

_TEXTS = (
    "wilcoxon_method", "primary_test", "family_id", "change_code", "wording_code",
)  # fmt: skip


def infer(connection: duckdb.DuckDBPyConnection) -> None:
    """Create staging.outcome_inference: one row per cell x score x visit."""
    (level,) = read_policy(connection, "outcome.interval_level")
    groups = read_groups(connection)
    columns = _inferred(connection, groups, read_scores(connection, groups), level)
    n_draws = int(read_policy(connection, "outcome.imputations")[0])
    columns |= imputed_columns(connection, groups, n_draws, level)
    connection.register("inferred", _table(groups, columns))
    connection.execute(
        "create or replace table staging.outcome_inference as select * from inferred"
    )
    connection.unregister("inferred")


def _inferred(
    connection: duckdb.DuckDBPyConnection, groups: Groups, scores: Scores, level: float
) -> Columns:
    """Every column by group."""
    n_pair = groups.number("n_pair")
    moments = moments_by_group(scores, groups)
    min_pairs, t_min_pairs = read_policy(
        connection, "outcome.min_pairs_test", "outcome.t_min_pairs"
    )
    plan = plan_of(groups, min_pairs, t_min_pairs)
    columns: Columns = {**moments, **change_columns(moments, groups, level)}
    columns |= size_columns(moments, n_pair, level) | responder_intervals(groups, level)
    scale = groups.counts["score_no"].astype(np.int64)
    ranks = rank_columns(changes_of(scores, groups, plan), groups.n, level, scale)
    columns |= groups.from_first(ranks)
    mean, sd = moments["improve_mean"], moments["improve_sd"]
    p_wilcoxon = columns["p_wilcoxon"].astype(np.float64)
    columns |= p_columns(plan, n_pair.astype(np.int64), mean, sd, p_wilcoxon)
    columns["sens_bocf_mean"] = bocf_column(
        columns.pop("improve_due_mean"), columns.pop("n_improve_due"), groups
    )
    columns["rtm_expected"] = _expected_by_regression(connection, groups)
    return columns | _codes(groups, columns, min_pairs, _completeness_limit(connection))


def _codes(groups: Groups, columns: Columns, min_pairs: float, min_completeness: float) -> Columns:
    """What may be said of each group: see flows/steps/wording.py."""
    n_pair, is_unpaired = groups.number("n_pair"), groups.counts["is_unpaired"].astype(np.bool_)
    answered = np.where(is_unpaired, groups.number("n_visit_due"), groups.number("n_pair_due"))
    due = groups.number("n_due")
    completeness = np.divide(100 * answered, due, out=np.full(groups.n, np.nan), where=due > 0)
    lower, upper, baseline = (
        columns[name].astype(np.float64)
        for name in ("improve_ci_lo", "improve_ci_hi", "baseline_mean")
    )
    mic = groups.number("mic_value")
    mic = np.where(groups.counts["mic_unit"] == "percent", mic / 100 * baseline, mic)
    is_enough = (n_pair >= min_pairs) & ~is_unpaired
    change = change_codes(lower, upper, mic, is_enough)
    is_low = completeness < min_completeness
    return {
        "low_completeness": np.where(np.isnan(completeness), np.nan, is_low.astype(np.float64)),
        "change_code": change,
        "wording_code": wording_codes(change, is_enough, is_low, is_unpaired),
    }


def _expected_by_regression(connection: duckdb.DuckDBPyConnection, groups: Groups) -> Floats:
    """Change that the mean would show without any effect, for the scores whose distribution is assumed."""
    row = connection.execute(
        "select text from ref.policy where key = 'regression_to_mean.scores'"
    ).fetchone()
    assumed = (
        "regression_to_mean.mean", "regression_to_mean.sd",
        "regression_to_mean.cutoff", "regression_to_mean.correlation",
    )  # fmt: skip
    told = read_policy(connection, *assumed)
    scores = set(str(row[0]).split()) if row else set()
    names = zip(groups.counts["instrument"], groups.counts["score_id"], strict=True)
    is_assumed = np.array([f"{one}.{score}" in scores for one, score in names], bool)
    is_pair = is_assumed & (groups.number("n_pair") > 0)
    expected: Floats = np.where(is_pair, expected_change(*told), np.nan)
    return expected


def _completeness_limit(connection: duckdb.DuckDBPyConnection) -> float:
    return read_policy(connection, "outcome.min_completeness_pct")[0]


def _table(groups: Groups, columns: Columns) -> pa.Table:
    """As Arrow: NaN is "not observed" here; DuckDB would sort it above every number."""
    types = dict.fromkeys(_TEXTS, pa.string())
    keys = {name: groups.counts[name] for name in ("cell_no", "score_no", "visit_no")}
    is_low = columns.pop("low_completeness")
    return pa.table(
        keys
        | {k: pa.array(v, types.get(k), from_pandas=True) for k, v in columns.items()}
        | {"low_completeness": pa.array(is_low == 1, mask=np.isnan(is_low))}
    )
