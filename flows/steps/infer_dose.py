"""Dose beside change, by cell: staging.dose_pair -> staging.dose_inference.

People who did more, did they also change more? An association among those who answered: those who feel
worse stop, and those who recover stop too. A person counts once in a cell, with the first programme.
"""

from dataclasses import dataclass, fields
from itertools import pairwise

import duckdb
import numpy as np
import polars as pl

from flows.stats.correlation import spearman
from flows.stats.distributions import order_of
from flows.stats.moments import Floats, Ints
from flows.stats.ols import slope
from flows.steps.infer_tables import (
    compact,
    dense,
    first_alike,
    first_of_each,
    numbers,
    read_cells,
    read_frame,
    read_policy,
    with_alike,
    write_table,
)  # fmt: skip

_PAIRS = "select * from staging.dose_pair"
_NAMES = """
select s.score_no::bigint as score_no, s.instrument, s.version, s.score_id, p.text as visit
from staging.outcome_score as s
join ref.policy as p on p.key = 'outcome.primary_visit'
"""
_CLINICS = "select stratum_no, clinic_id from staging.outcome_stratum_name order by stratum_no"
_POLICY = ("outcome.interval_level", "outcome.min_pairs_test", "dose.minutes_step",
           "dose.adherence_step")  # fmt: skip
FIGURES = (
    "n_pair", "n_persons", "dose_median", "dose_q1", "dose_q3", "rho", "rho_ci_lo", "rho_ci_hi",
    "rho_p", "slope_step", "slope", "slope_se", "slope_ci_lo", "slope_ci_hi", "slope_p", "n_model",
)  # fmt: skip
COUNTS = ("n_pair", "n_persons", "n_model")


@dataclass(frozen=True)
class Sample:
    """One entry per pair: its change, one measure of its dose, baseline and age beside them, its clinic as a number.

    The orders are the places of change and dose among all that occur, so that no cell has to sort them again.
    """

    improve: Floats
    dose: Floats
    beside: Floats
    clinic: Ints
    improve_order: Ints
    dose_order: Ints

    def at(self, places: Ints | slice) -> "Sample":
        """The entries at these places."""
        return Sample(*(getattr(self, field.name)[places] for field in fields(self)))


def infer_dose(connection: duckdb.DuckDBPyConnection) -> None:
    """Create staging.dose_inference: one row per heart cell x score x measure of dose."""
    level, test_from, *steps = read_policy(connection, *_POLICY)
    # The first programme of a person comes first; undated ones have no dose and come last.
    pairs = read_frame(connection, _PAIRS).sort(
        "person_no", "start_date", "enrolment_no", "score_no", nulls_last=True
    )
    clinic = _clinic_of_stratum(connection)[pairs["stratum_no"].to_numpy()]
    kinds = read_cells(connection, heart_only=True)
    first = first_alike(kinds)
    parts = []
    for dose, step in zip(("minutes", "adherence"), steps, strict=True):
        sample = _sample(pairs, dose, clinic)
        for cell_of in kinds:
            # 0: no cell, because an earlier one holds the same strata.
            cell = np.where(first[cell_of] == cell_of, cell_of, 0)[pairs["stratum_no"].to_numpy()]
            found = _kind(cell, pairs, sample, step, int(test_from), level)
            parts.append(found.with_columns(dose=pl.lit(dose), slope_step=pl.lit(step)))
    found = with_alike(pl.concat(parts).filter(pl.col("cell_no") > 0), first)
    named = found.join(read_frame(connection, _NAMES), on="score_no", how="left")
    write_table(connection, "staging.dose_inference", named.drop("score_no"))


def _clinic_of_stratum(connection: duckdb.DuckDBPyConnection) -> Ints:
    """The number of its clinic by stratum number."""
    clinics = read_frame(connection, _CLINICS)
    clinic_of = np.zeros(int(clinics["stratum_no"].max() or 0) + 1, np.int64)  # type: ignore[arg-type]
    clinic_of[clinics["stratum_no"].to_numpy()] = dense(clinics["clinic_id"])[0]
    return clinic_of


def _sample(pairs: pl.DataFrame, dose: str, clinic: Ints) -> Sample:
    """All pairs with one measure of dose, NaN where it is unknown."""
    # 3.3 - 2.3 and 2.3 - 1.3 are the same change: float noise must not make ranks.
    improve, done = np.round(numbers(pairs["improve"]), 12), numbers(pairs[dose])
    beside = np.column_stack([numbers(pairs["base"]), numbers(pairs["age"])])
    return Sample(improve, done, beside, clinic, order_of(improve), order_of(done))


def _kind(
    cell: Ints, pairs: pl.DataFrame, sample: Sample, step: float, test_from: int, level: float
) -> pl.DataFrame:
    """All cells of one kind; `cell` is that of each pair, 0 for those that are left out."""
    score_no = pairs["score_no"].to_numpy().astype(np.int64)
    n_scores = int(score_no.max(initial=0)) + 1
    group, keys = compact(np.where(cell > 0, cell * n_scores + score_no, 0))
    n_pair = np.bincount(group, minlength=len(keys)).tolist()
    known = np.flatnonzero(~np.isnan(sample.dose) & (cell > 0))
    used = known[first_of_each(group[known], pairs["person_no"].to_numpy()[known])]
    bounds = np.searchsorted(group[used], np.arange(len(keys) + 1)).tolist()
    sample = sample.at(used)
    rows = [
        figures(sample.at(slice(start, stop)), step, test_from, level) | {"n_pair": n}
        for n, (start, stop) in zip(n_pair, pairwise(bounds), strict=True)
    ]
    schema = {name: pl.Int64 if name in COUNTS else pl.Float64 for name in FIGURES}
    return pl.DataFrame(rows, schema=schema).with_columns(
        pl.Series("cell_no", keys // n_scores), pl.Series("score_no", keys % n_scores)
    )


def figures(sample: Sample, step: float, test_from: int, level: float) -> dict[str, float]:
    """Figures of one cell; quartiles, correlation and its interval for all, p and slope from `test_from` people."""
    n, dose, beside = len(sample.improve), sample.dose, sample.beside
    told: dict[str, float] = {"n_persons": n, "n_model": 0}
    if n == 0:
        return told
    q1, median, q3 = np.quantile(dose, (0.25, 0.5, 0.75))
    rank = spearman(sample.dose_order, sample.improve_order, level)
    told |= {"dose_median": median, "dose_q1": q1, "dose_q3": q3,
             "rho": rank.rho, "rho_ci_lo": rank.lower, "rho_ci_hi": rank.upper}  # fmt: skip
    if n < test_from:
        return told
    whole = ~np.isnan(beside).any(axis=1)
    told |= {"rho_p": rank.p}
    if whole.sum() >= test_from:
        line = slope(
            sample.improve[whole], dose[whole] / step, beside[whole], sample.clinic[whole], level
        )
        told |= {"slope": line.estimate, "slope_se": line.se, "slope_ci_lo": line.lower,
                 "slope_ci_hi": line.upper, "slope_p": line.p, "n_model": line.n}  # fmt: skip
    return told
