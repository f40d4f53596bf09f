"""Multiple imputation of one variable by Bayesian normal regression, pooled by Rubin's rules.

Rubin 1987, Multiple Imputation for Nonresponse in Surveys, ch. 3 and 5; degrees of freedom: Barnard & Rubin
1999, Biometrika 86:948. Where only the follow-up is missing, chained equations (MICE) come to this very
regression. Imputed scores are not cut to the range of the scale: cutting would bias the mean.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from flows.stats.distributions import t_quantile
from flows.stats.moments import Floats


@dataclass(frozen=True)
class Imputed:
    """Pooled mean with limits; `between` is the variance among the imputations."""

    mean: float
    lower: float
    upper: float
    between: float


def seed_of(*key: str) -> int:
    """A seed that belongs to a cell, so that its draws depend on no other cell and on no order."""
    return int.from_bytes(hashlib.sha256("\x1f".join(key).encode()).digest()[:8], "big")


def imputed_mean(
    y: Floats, predictors: Floats, n_draws: int, seed: int, level: float = 0.95
) -> Imputed | None:
    """Mean of y with its missing values (NaN) drawn from y given the predictors (rows x columns, no NaN).

    None where too few are known to fit the regression.
    """
    x = np.column_stack([np.ones(len(y)), _independent(predictors, ~np.isnan(y))])
    known = ~np.isnan(y)
    if int(known.sum()) <= x.shape[1] + 1:
        return None
    completed = _completed(y, x, known, n_draws, np.random.default_rng(seed))
    return pooled_mean(completed, level)


def _independent(predictors: Floats, known: np.ndarray) -> Floats:
    """The predictors, centred and scaled; those left out that say nothing new among the known."""
    kept: list[Floats] = []
    for column in predictors.T:
        spread = column[known].std() if known.any() else 0.0
        if not spread > 0:
            continue
        scaled = (column - column[known].mean()) / spread
        basis = np.column_stack([np.ones(known.sum()), *(k[known] for k in kept)])
        fitted = basis @ np.linalg.lstsq(basis, scaled[known], rcond=None)[0]
        if np.std(scaled[known] - fitted) > 1e-6:
            kept.append(scaled)
    return np.column_stack(kept) if kept else np.zeros((len(predictors), 0))


def _completed(
    y: Floats, x: Floats, known: np.ndarray, n_draws: int, rng: np.random.Generator
) -> Floats:
    """n_draws columns of y: each time the coefficients and the residual variance are drawn as well."""
    seen = x[known]
    # einsum adds in one order; a threaded matrix product would not, and bits must not move.
    inverse = np.linalg.inv(np.einsum("ij,ik->jk", seen, seen))
    beta = np.einsum("jk,k->j", inverse, np.einsum("ij,i->j", seen, y[known]))
    residual = y[known] - np.einsum("ij,j->i", seen, beta)
    degrees = len(seen) - x.shape[1]
    root = np.linalg.cholesky(inverse)
    missing = x[~known]
    completed = np.repeat(y[:, None], n_draws, axis=1)
    for draw in range(n_draws):
        sigma = np.sqrt(np.sum(np.square(residual)) / rng.chisquare(degrees))
        drawn = beta + sigma * np.einsum("jk,k->j", root, rng.standard_normal(x.shape[1]))
        noise = sigma * rng.standard_normal(len(missing))
        completed[~known, draw] = np.einsum("ij,j->i", missing, drawn) + noise
    return completed


def pooled_mean(completed: Floats, level: float = 0.95) -> Imputed:
    """Rubin's rules for the mean: rows are people, columns completed data sets."""
    n, m = completed.shape
    means = completed.mean(axis=0)
    within = float((completed.var(axis=0, ddof=1) / n).mean())
    between = float(means.var(ddof=1)) if m > 1 else 0.0
    total = within + (1 + 1 / m) * between
    degrees = barnard_rubin_degrees(n - 1, m, within, between)
    half = t_quantile((1 + level) / 2, degrees) * np.sqrt(total)
    mean = float(means.mean())
    return Imputed(mean, float(mean - half), float(mean + half), between)


def barnard_rubin_degrees(complete: float, m: int, within: float, between: float) -> float:
    """Degrees of freedom that stay below those of the complete data."""
    total = within + (1 + 1 / m) * between
    share = (1 + 1 / m) * between / total if total > 0 else 0.0
    observed = (complete + 1) / (complete + 3) * complete * (1 - share)
    if share <= 0:
        return observed
    old = (m - 1) / share**2
    return old * observed / (old + observed)
