"""Counting significant results, as reviews do: k of K cohorts, and what stands against reading much into it.

The unit is clinic x condition x duration band among those who massage themselves only, by the primary score
of a domain. All units with enough people are one family of tests, whatever came out of them; margins count
the same units again and test nothing.
"""

import numpy as np
import polars as pl

from flows.stats.mean import t_test
from flows.stats.moments import Floats, Ints, grouped_moments
from flows.stats.multiplicity import holm
from flows.stats.proportion import clopper_pearson_interval, sign_test, wilson_interval
from flows.stats.signed_rank import signed_rank_test
from flows.steps.evidence_pairs import Pairs
from flows.steps.infer_tables import SCORE, compact, dense, first_of_each, in_cell, numbers

MODALITY = "self_massage_only"
SIGNIFICANT = 0.05
UNIT = ("condition", "condition_group", "duration_band", "modality", "domain", "clinic_id")
FAMILY = "evidence_vote"


def units(pairs: Pairs, test_from: int, t_from: int) -> pl.DataFrame:
    """One row per unit with its primary score: people, mean, p and Holm's p; p is NaN below `test_from`."""
    own = pairs.among((pairs.strata["modality"] == MODALITY).to_numpy())
    names = (*UNIT, *SCORE, "domain_rank", "declared_test")
    number, combinations = dense(*(own.strata[name] for name in names))
    group, there = compact(number[own.stratum])
    found = combinations[there]
    kept = first_of_each(group, own.person)
    group, improve = group[kept], own.improve[kept]
    moments = grouped_moments(group, improve, found.height)
    found = found.with_columns(
        pl.Series("cohort_no", np.arange(found.height)), pl.Series("n_persons", moments.n),
        pl.Series("improve_mean", moments.mean), pl.Series("improve_sd", moments.sd),
        is_small=pl.Series(moments.n < test_from),
    )  # fmt: skip
    chosen = found.sort([*UNIT, "is_small", "domain_rank", *SCORE], nulls_last=True).unique(
        list(UNIT), keep="first", maintain_order=True
    )
    p = _p_values(chosen, group, improve, t_from)
    return chosen.with_columns(pl.Series("p", p), pl.Series("p_holm", holm(p)))


def _p_values(chosen: pl.DataFrame, group: Ints, improve: Floats, t_from: int) -> Floats:
    """p of each unit by the test that was declared for its score."""
    n, mean, sd = (numbers(chosen[name]) for name in ("n_persons", "improve_mean", "improve_sd"))
    by_t = (chosen["declared_test"] == "t").to_numpy() & (n >= t_from)
    p = t_test(n.astype(np.int64), mean, sd)[1]
    bounds = np.searchsorted(group, np.arange(group.max(initial=-1) + 2))
    tested = ~chosen["is_small"].to_numpy()
    for place, cohort in enumerate(chosen["cohort_no"]):
        if tested[place] and not by_t[place]:
            p[place] = signed_rank_test(improve[bounds[cohort] : bounds[cohort + 1]]).p
    result: Floats = np.where(tested, p, np.nan)
    return result


def votes(of_units: pl.DataFrame, level: str, duration: str, interval: float) -> pl.DataFrame:
    """One row per cell x domain: the units in it, counted by what came out."""
    tested = ~pl.col("is_small")
    significant = tested & (pl.col("p_holm") < SIGNIFICANT)
    better, worse = pl.col("improve_mean") > 0, pl.col("improve_mean") < 0
    counted = (
        in_cell(of_units, level, duration)
        .group_by("level", "condition", "duration_band", "domain")
        .agg(
            tested.sum().alias("k_units"), (significant & better).sum().alias("k_improved_sig"),
            (significant & worse).sum().alias("k_worse_sig"), (~tested).sum().alias("k_insufficient"),
            pl.col("n_persons").filter(tested).min().alias("n_smallest_unit"),
            (tested & better).sum().alias("k_direction"), (tested & worse).sum().alias("k_other_direction"),
        )
        .sort("level", "condition", "duration_band", "domain")
        .with_columns(pl.lit("network").alias("source"), pl.lit(MODALITY).alias("modality"))
        .cast({pl.UInt32: pl.Int64})
    )  # fmt: skip
    n_tests = int((~of_units["is_small"]).sum())
    return _with_companions(counted, interval).with_columns(
        pl.lit(FAMILY).alias("family_id"), pl.lit(n_tests, pl.Int64).alias("family_m")
    )


def published_reference(k_units: int, k_improved_sig: int, interval: float) -> pl.DataFrame:
    """The review's own count, as a row of its own: never added to ours."""
    row = pl.DataFrame({
        "level": "all", "condition": "all", "duration_band": "all", "domain": "all",
        "k_units": k_units, "k_improved_sig": k_improved_sig,
        "k_worse_sig": None, "k_insufficient": None, "n_smallest_unit": None, "k_direction": k_improved_sig,
        "k_other_direction": k_units - k_improved_sig,
        "source": "published_reference", "modality": "all",
    }).cast({name: pl.Int64 for name in ("k_worse_sig", "k_insufficient", "n_smallest_unit")})  # fmt: skip
    return _with_companions(row, interval).with_columns(
        pl.lit(None, pl.String).alias("family_id"), pl.lit(None, pl.Int64).alias("family_m")
    )


def _with_companions(counted: pl.DataFrame, interval: float) -> pl.DataFrame:
    """The intervals of the share and the sign test of the directions, without which no count is shown."""
    k, total = counted["k_improved_sig"].to_numpy(), counted["k_units"].to_numpy()
    low, high = wilson_interval(k, total, interval)
    exact_low, exact_high = clopper_pearson_interval(k, total, interval)
    signs = counted.select("k_direction", "k_other_direction").rows()
    p = [sign_test(better, better + worse) if better + worse else np.nan for better, worse in signs]
    return counted.with_columns(
        pl.Series("pct_improved_sig", 100 * k / np.where(total > 0, total, np.nan)),
        pl.Series("pct_improved_sig_ci_lo", 100 * low), pl.Series("pct_improved_sig_ci_hi", 100 * high),
        pl.Series("pct_improved_sig_exact_lo", 100 * exact_low),
        pl.Series("pct_improved_sig_exact_hi", 100 * exact_high),
        pl.Series("sign_test_p", p, pl.Float64),
    )  # fmt: skip
