"""Dose beside change, by cell: staging.dose_pair -> staging.dose_inference.

People who did more, did they also change more? An association among those who answered: those who feel
worse stop, and those who recover stop too. A person counts once in a cell, with the first programme.
"""

from itertools import pairwise

import duckdb
import numpy as np
import polars as pl

from flows.stats.correlation import spearman
from flows.stats.moments import Floats, Ints
from flows.stats.ols import slope
from flows.steps.infer_tables import (
    compact,
    dense,
    first_of_each,
    numbered,
    numbers,
    read_cells,
    read_frame,
    read_policy,
    write_table,
)  # fmt: skip

# The first programme of a person comes first; undated ones have no dose and come last.
_PAIRS = """
select * from staging.dose_pair
order by person_no, start_date nulls last, enrolment_no, instrument, version, score_id
"""
_POLICY = ("outcome.interval_level", "outcome.min_pairs_test", "dose.minutes_step",
           "dose.adherence_step")  # fmt: skip
FIGURES = (
    "n_pair", "n_persons", "dose_median", "dose_q1", "dose_q3", "rho", "rho_ci_lo", "rho_ci_hi",
    "rho_p", "slope_step", "slope", "slope_se", "slope_ci_lo", "slope_ci_hi", "slope_p", "n_model",
)  # fmt: skip
COUNTS = ("n_pair", "n_persons", "n_model")


def infer_dose(connection: duckdb.DuckDBPyConnection) -> None:
    """Create staging.dose_inference: one row per heart cell x score x measure of dose."""
    level, test_from, *steps = read_policy(connection, *_POLICY)
    pairs = read_frame(connection, _PAIRS)
    score_no, scores = dense(
        pairs["instrument"], pairs["version"], pairs["score_id"], pairs["visit"]
    )
    pairs = pairs.with_columns(pl.Series("score_no", score_no))
    parts = [
        _kind(cell_of, pairs, dose, step, int(test_from), level)
        for cell_of in read_cells(connection, heart_only=True)
        for dose, step in zip(("minutes", "adherence"), steps, strict=True)
    ]
    found = pl.concat(parts).join(numbered(scores, "score_no"), on="score_no", how="left")
    write_table(connection, "staging.dose_inference", found.drop("score_no"))


def _kind(
    cell_of: Ints, pairs: pl.DataFrame, dose: str, step: float, test_from: int, level: float
) -> pl.DataFrame:
    """All cells of one kind, with one measure of dose."""
    n_scores = int(pairs["score_no"].max() or 0) + 1  # type: ignore[arg-type]
    cell = cell_of[pairs["stratum_no"].to_numpy()]
    group, keys = compact(cell * n_scores + pairs["score_no"].to_numpy())
    n_pair = np.bincount(group, minlength=len(keys)).tolist()
    known = np.flatnonzero(pairs[dose].is_not_null().to_numpy())
    used = known[first_of_each(group[known], pairs["person_no"].to_numpy()[known])]
    bounds = np.searchsorted(group[used], np.arange(len(keys) + 1)).tolist()
    improve, done, beside, clinic = _columns(pairs[used], dose)
    rows = []
    for n, (start, stop) in zip(n_pair, pairwise(bounds), strict=True):
        part = slice(start, stop)
        told = figures(
            improve[part], done[part], beside[part], clinic[part], step, test_from, level
        )
        rows.append(told | {"n_pair": n})
    schema = {name: pl.Int64 if name in COUNTS else pl.Float64 for name in FIGURES}
    return pl.DataFrame(rows, schema=schema).with_columns(
        pl.Series("cell_no", keys // n_scores), pl.Series("score_no", keys % n_scores),
        dose=pl.lit(dose), slope_step=pl.lit(step),
    )  # fmt: skip


def _columns(used: pl.DataFrame, dose: str) -> tuple[Floats, Floats, Floats, Ints]:
    """Change, dose, baseline and age beside it, and the clinic as a number."""
    clinic, _ = dense(used["clinic_id"])
    # 3.3 - 2.3 and 2.3 - 1.3 are the same change: float noise must not make ranks.
    return (
        np.round(numbers(used["improve"]), 12), numbers(used[dose]),
        np.column_stack([numbers(used["base"]), numbers(used["age"])]), clinic,
    )  # fmt: skip


def figures(
    improve: Floats,
    dose: Floats,
    beside: Floats,
    clinic: Ints,
    step: float,
    test_from: int,
    level: float,
) -> dict[str, float]:
    """Figures of one cell; quartiles, correlation and its interval for all, p and slope from `test_from` people."""
    n = len(improve)
    told: dict[str, float] = {"n_persons": n, "n_model": 0}
    if n == 0:
        return told
    q1, median, q3 = np.quantile(dose, (0.25, 0.5, 0.75))
    rank = spearman(dose, improve, level)
    told |= {"dose_median": median, "dose_q1": q1, "dose_q3": q3,
             "rho": rank.rho, "rho_ci_lo": rank.lower, "rho_ci_hi": rank.upper}  # fmt: skip
    if n < test_from:
        return told
    whole = ~np.isnan(beside).any(axis=1)
    told |= {"rho_p": rank.p}
    if whole.sum() >= test_from:
        line = slope(improve[whole], dose[whole] / step, beside[whole], clinic[whole], level)
        told |= {"slope": line.estimate, "slope_se": line.se, "slope_ci_lo": line.lower,
                 "slope_ci_hi": line.upper, "slope_p": line.p, "n_model": line.n}  # fmt: skip
    return told
