"""Cohorts of clinics, pooled and counted: staging.evidence_pair -> the tables behind mart_evidence_*.

A cohort is what one clinic has to say about one score in one cell: people with a change, each once, by the
first programme. Cohorts of different modality are never put together, and of one clinic only the primary
score of a domain speaks, so nobody is pooled twice.
"""

from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl

from flows.stats.effect_size import standardised_mean_change
from flows.stats.moments import Floats, grouped_correlation, grouped_moments
from flows.stats.pooling import leave_one_out, pool_sets
from flows.steps.evidence_pairs import Pairs, read_pairs
from flows.steps.infer_tables import (
    SCORE,
    compact,
    dense,
    first_of_each,
    in_cell,
    numbers,
    read_policy,
    write_table,
)
from flows.steps.infer_votes import published_reference, units, votes

_KINDS = "select distinct level, duration from ref.cell order by level, duration"
_POLICY = (
    "outcome.interval_level", "outcome.min_pairs_test", "outcome.t_min_pairs", "disclosure.threshold",
    "evidence.few_clinics_below", "evidence.published_k_units", "evidence.published_k_improved_sig",
)  # fmt: skip
CELL = ("level", "condition", "duration_band", "modality", "domain")


@dataclass(frozen=True)
class Rules:
    """Interval level, pairs from which a clinic is pooled, and clinics below which a pool is greyed."""

    level: float
    pool_from: int
    few_below: int


def infer_evidence(connection: duckdb.DuckDBPyConnection) -> None:
    """Create staging.evidence_pool_inference and staging.evidence_vote_inference."""
    level, test_from, t_from, pool_from, few, k_units, k_improved = read_policy(
        connection, *_POLICY
    )
    pairs = read_pairs(connection)
    pairs = pairs.among(pairs.strata["domain"].is_not_null().to_numpy())
    kinds: list[tuple[str, str]] = connection.execute(_KINDS).fetchall()
    found = pl.concat([cohorts(pairs, *kind) for kind in kinds])
    rules = Rules(level, int(pool_from), int(few))
    write_table(connection, "staging.evidence_pool_inference", pools(found, rules))
    of_units = units(pairs, int(test_from), int(t_from))
    counted = [votes(of_units, *kind, level) for kind in kinds]
    counted.append(published_reference(int(k_units), int(k_improved), level))
    write_table(connection, "staging.evidence_vote_inference", pl.concat(counted))


def cohorts(pairs: Pairs, level: str, duration: str) -> pl.DataFrame:
    """One row per cell x modality x score x clinic: pairs, people, and the moments of the people."""
    placed = in_cell(pairs.strata, level, duration)
    number, combinations = dense(
        *(placed[name] for name in (*CELL, *SCORE, "clinic_id", "domain_rank"))
    )
    group, there = compact(number[pairs.stratum])
    found = combinations[there]
    kept = first_of_each(group, pairs.person)
    group_of_people = group[kept]
    improve, base, aval = pairs.improve[kept], pairs.base[kept], pairs.aval[kept]
    change, before, after = (
        grouped_moments(group_of_people, values, found.height) for values in (improve, base, aval)
    )
    r = grouped_correlation(group_of_people, base, aval, before, after)
    return found.with_columns(
        pl.Series("n_pair", np.bincount(group, minlength=found.height)),
        pl.Series("n_persons", change.n), pl.Series("improve_mean", change.mean),
        pl.Series("improve_sd", change.sd), pl.Series("base_sd", before.sd), pl.Series("r", r),
    )  # fmt: skip


def pools(found: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per cell x modality x domain: the clinics' primary scores pooled."""
    chosen = primary(found, rules.pool_from)
    set_no, cells = dense(*(chosen[name] for name in CELL))
    chosen = chosen.with_columns(pl.Series("set_no", set_no))
    effects = _effects(chosen, rules)
    spoken = effects.filter(pl.col("is_pooled"))
    y, v = _matrix(spoken, cells.height)
    names = _names(effects, cells.height)
    return pl.concat(
        [cells, names, _counts(effects, cells.height, rules), _apart(spoken, found, cells.height, rules),
         pl.DataFrame(pool_figures(y, v, rules.level))],
        how="horizontal",
    )  # fmt: skip


def primary(found: pl.DataFrame, enough: int) -> pl.DataFrame:
    """Of each clinic in each cell the first declared score with enough people, else the first declared."""
    order = [*CELL, "clinic_id", "is_small", "domain_rank", *SCORE]
    return (
        found.with_columns((pl.col("n_persons") < enough).alias("is_small"))
        .sort(order)
        .unique([*CELL, "clinic_id"], keep="first", maintain_order=True)
    )


def _effects(chosen: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Effect and variance of every cohort: raw where all clinics of the set used one score, else standardised."""
    large = pl.col("n_persons") >= rules.pool_from
    n_scores = pl.struct(SCORE).filter(large).n_unique().over("set_no")
    chosen = chosen.with_columns((n_scores > 1).alias("is_standardised"))
    n, mean, sd, base_sd, r = (
        numbers(chosen[name])
        for name in ("n_persons", "improve_mean", "improve_sd", "base_sd", "r")
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        smcr, smcr_v = standardised_mean_change(n, mean, base_sd, r)
    standardised = chosen["is_standardised"].to_numpy()
    y, v = np.where(standardised, smcr, mean), np.where(standardised, smcr_v, sd * sd / n)
    # Without spread there is no weight: such a cohort is left out, like one that is too small.
    usable = (n >= rules.pool_from) & np.isfinite(y) & (np.nan_to_num(v) > 0)
    return chosen.with_columns(pl.Series("y", y), pl.Series("v", v), pl.Series("is_pooled", usable))


def _matrix(spoken: pl.DataFrame, n_sets: int) -> tuple[Floats, Floats]:
    """Effects and variances with one column per set; clinics in the order of their names."""
    set_no = spoken["set_no"].to_numpy()
    row = np.arange(len(set_no)) - np.searchsorted(set_no, set_no)
    shape = (int(row.max(initial=-1)) + 1, n_sets)
    y, v = np.full(shape, np.nan), np.full(shape, np.nan)
    y[row, set_no], v[row, set_no] = spoken["y"].to_numpy(), spoken["v"].to_numpy()
    return y, v


def pool_figures(y: Floats, v: Floats, level: float) -> dict[str, Floats]:
    """Random effects by REML with Hartung-Knapp's interval; DL and PM beside; without one clinic each."""
    reml, dl, pm = (pool_sets(y, v, method, level) for method in ("reml", "dl", "pm"))
    lowest, highest = leave_one_out(y, v)
    return {
        "pooled_mean": reml.mu, "pooled_se": reml.se,
        "pooled_ci_lo": reml.hk_lower, "pooled_ci_hi": reml.hk_upper,
        "tau2": reml.tau2, "q": reml.q, "i2_pct": 100 * reml.i2,
        "prediction_lo": reml.prediction_lower, "prediction_hi": reml.prediction_upper,
        "dl_mean": dl.mu, "dl_ci_lo": dl.wald_lower, "dl_ci_hi": dl.wald_upper, "dl_tau2": dl.tau2,
        "pm_mean": pm.mu, "pm_ci_lo": pm.wald_lower, "pm_ci_hi": pm.wald_upper, "pm_tau2": pm.tau2,
        "loo_mean_min": lowest, "loo_mean_max": highest,
    }  # fmt: skip


def _names(effects: pl.DataFrame, n_sets: int) -> pl.DataFrame:
    """The score that was pooled, or `several`, and the scale of the effect."""
    large = effects.filter("is_pooled")
    one = large.group_by("set_no").agg(
        pl.when(pl.struct(SCORE).n_unique() == 1)
        .then(pl.col(name).first())
        .otherwise(pl.lit("several"))
        .alias(name)
        for name in SCORE
    )
    scale = large.group_by("set_no").agg(
        pl.when(pl.col("is_standardised").any())
        .then(pl.lit("smcr"))
        .otherwise(pl.lit("points"))
        .alias("effect")
    )
    sets = pl.DataFrame({"set_no": np.arange(n_sets)})
    joined = sets.join(one, on="set_no", how="left", maintain_order="left")
    return joined.join(scale, on="set_no", how="left", maintain_order="left").drop("set_no")


def _counts(effects: pl.DataFrame, n_sets: int, rules: Rules) -> pl.DataFrame:
    """Clinics in and out, people and pairs behind them, and whether there was anything to pool."""
    set_no, pooled = effects["set_no"].to_numpy(), effects["is_pooled"].to_numpy()
    k = np.bincount(set_no, pooled, n_sets).astype(np.int64)
    state = np.select([k < 2, k < rules.few_below], ["not_pooled", "few_clinics"], default="pooled")
    n_persons = np.bincount(set_no, effects["n_persons"].to_numpy() * pooled, n_sets)
    return pl.DataFrame({
        "pool_state": state, "k_clinics": k, "k_left_out": np.bincount(set_no, ~pooled, n_sets).astype(np.int64),
        "n_persons": n_persons.astype(np.int64),
    })  # fmt: skip


def _apart(spoken: pl.DataFrame, found: pl.DataFrame, n_sets: int, rules: Rules) -> pl.DataFrame:
    """Smallest groups of people that published numbers of this and other cells would tell apart.

    n_apart: people of one pooled clinic, and where few clinics are pooled, what the clinic's own row of
    mart_outcome has beyond them. n_unused: pairs of a pooled score in the cell beyond those pooled; 0: none.
    """
    whole = [name for name in CELL if name not in ("modality", "domain")]
    per_clinic = found.group_by([*whole, "clinic_id", *SCORE]).agg(
        pl.col("n_pair").sum().alias("of_clinic")
    )
    in_modality = found.group_by([*whole, "modality", *SCORE]).agg(
        pl.col("n_pair").sum().alias("of_modality")
    )
    in_all = found.group_by([*whole, *SCORE]).agg(pl.col("n_pair").sum().alias("of_all"))
    told = (
        spoken.join(per_clinic, on=[*whole, "clinic_id", *SCORE])
        .join(in_modality, on=[*whole, "modality", *SCORE])
        .join(in_all, on=[*whole, *SCORE])
        .with_columns(
            pl.col("n_persons").sum().over("set_no", *SCORE).alias("used"),
            pl.len().over("set_no").alias("k"),
        )
    )
    rest = pl.col("of_clinic") - pl.col("n_persons")
    beyond = pl.concat_list(
        pl.col("of_modality") - pl.col("used"), pl.col("of_all") - pl.col("used")
    )
    told = told.with_columns(
        pl.when((rest > 0) & (pl.col("k") < rules.few_below))
        .then(pl.min_horizontal(rest, "n_persons")).otherwise("n_persons").alias("apart"),
        beyond.list.eval(pl.element().filter(pl.element() > 0)).list.min().alias("unused"),
    )  # fmt: skip
    smallest = told.group_by("set_no").agg(
        pl.col("apart").min().alias("n_apart"),
        pl.col("unused").min().fill_null(0).alias("n_unused"),
    )
    sets = pl.DataFrame({"set_no": np.arange(n_sets)})
    return sets.join(smallest, on="set_no", how="left", maintain_order="left").select(
        pl.col("n_apart", "n_unused").cast(pl.Int64)
    )
