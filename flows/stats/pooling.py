"""Random-effects pooling of one effect per clinic, many sets of clinics at once.

DerSimonian & Laird 1986, Control Clin Trials 7:177; Paule & Mandel 1982, J Res NBS 87:377; REML:
Viechtbauer 2005, J Educ Behav Stat 30:261; Hartung & Knapp 2001, Stat Med 20:3875; prediction interval:
Higgins, Thompson & Spiegelhalter 2009, JRSS A 172:137.

Effects stand in columns: one set of clinics each, NaN where a set has fewer clinics. Sums run down a
column from the first clinic to the last, so a set gives the same bits alone and among others.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from flows.stats.distributions import normal_quantile, t_quantile
from flows.stats.moments import Floats, Ints

ITERATIONS = 1000
CLOSE = 1e-13


@dataclass(frozen=True)
class Pooled:
    """Pooled effect `mu`; `se` is Wald's, `hk_se` Hartung-Knapp's (its interval never narrower than Wald's
    standard error allows); i2 as a share; the prediction interval is for a new clinic."""

    k: int
    tau2: float
    mu: float
    se: float
    q: float
    i2: float
    hk_se: float
    hk_lower: float
    hk_upper: float
    wald_lower: float
    wald_upper: float
    prediction_lower: float
    prediction_upper: float


@dataclass(frozen=True)
class PooledSets:
    """The columns of Pooled, one value per set; NaN below two clinics."""

    k: Ints
    tau2: Floats
    mu: Floats
    se: Floats
    q: Floats
    i2: Floats
    hk_se: Floats
    hk_lower: Floats
    hk_upper: Floats
    wald_lower: Floats
    wald_upper: Floats
    prediction_lower: Floats
    prediction_upper: Floats


def pool(y: Floats, v: Floats, method: str = "reml", level: float = 0.95) -> Pooled:
    """Pool effects y with variances v; `method` is reml, dl or pm. Needs two effects or more."""
    y, v = np.asarray(y, float), np.asarray(v, float)
    if len(y) < 2 or np.any(v <= 0):
        raise ValueError("pooling needs two effects or more, each with a variance above zero")
    found = pool_sets(y[:, None], v[:, None], method, level)
    return Pooled(**{f.name: getattr(found, f.name)[0].item() for f in fields(PooledSets)})


def pool_sets(y: Floats, v: Floats, method: str = "reml", level: float = 0.95) -> PooledSets:
    """Pool each column of y with the variances v in the same place."""
    k = np.count_nonzero(~np.isnan(y), axis=0)
    enough = k >= 2
    shape = (max(2, len(y)), len(k))
    effect, variance, known = np.zeros(shape), np.ones(shape), np.zeros(shape, bool)
    known[: len(y)] = ~np.isnan(y) & enough
    there = known[: len(y)]
    effect[known], variance[known] = y[there], v[there]
    # A set that cannot be pooled takes part with two zeros, so that no step divides by nothing.
    known[:2, ~enough] = True
    sets = _Sets(effect, variance, known, np.where(enough, k, 2).astype(np.float64))
    return _summary(sets, TAU2[method](sets), k, enough, level)


@dataclass(frozen=True)
class _Sets:
    """Effects and variances by clinic (row) and set (column), which of them are there, clinics by set."""

    y: Floats
    v: Floats
    known: np.ndarray
    k: Floats

    def weights(self, tau2: Floats) -> Floats:
        """Inverse variances, 0 for a clinic that is not there."""
        return np.where(self.known, 1 / (self.v + tau2), 0.0)

    def mean(self, weight: Floats) -> Floats:
        """Weighted mean of each set."""
        mean: Floats = _down(weight * self.y) / _down(weight)
        return mean

    def q(self, tau2: Floats) -> Floats:
        """Cochran's Q of each set, generalised to a given tau2."""
        weight = self.weights(tau2)
        return _down(weight * np.square(self.y - self.mean(weight)))

    def part(self, chosen: np.ndarray) -> "_Sets":
        """These sets only."""
        return _Sets(
            self.y[:, chosen], self.v[:, chosen], self.known[:, chosen], self.k[chosen]
        )  # fmt: skip


def _down(values: Floats) -> Floats:
    """Column sums, row after row: numpy's own sum of a single column would pair the values up."""
    total = np.zeros(values.shape[1])
    for row in values:
        total = total + row
    return total


def _summary(
    sets: _Sets, tau2: Floats, n_clinics: Ints, enough: np.ndarray, level: float
) -> PooledSets:
    k, weight = sets.k, sets.weights(tau2)
    mu, se = sets.mean(weight), _down(weight) ** -0.5
    factor = sets.q(tau2) / (k - 1)
    z, t = normal_quantile((1 + level) / 2), t_quantile((1 + level) / 2, k - 1)
    half = t * se * np.sqrt(np.maximum(1.0, factor))
    t_new = t_quantile((1 + level) / 2, np.where(k > 2, k - 2, np.nan))
    around = t_new * np.sqrt(tau2 + se * se)
    q = sets.q(np.zeros(len(k)))
    i2 = np.divide(np.maximum(0.0, q - (k - 1)), q, out=np.zeros(len(k)), where=q > 0)
    columns = {
        "tau2": tau2, "mu": mu, "se": se, "q": q, "i2": i2, "hk_se": se * np.sqrt(factor),
        "hk_lower": mu - half, "hk_upper": mu + half,
        "wald_lower": mu - z * se, "wald_upper": mu + z * se,
        "prediction_lower": mu - around, "prediction_upper": mu + around,
    }  # fmt: skip
    return PooledSets(
        k=n_clinics, **{name: np.where(enough, value, np.nan) for name, value in columns.items()}
    )


def heterogeneity(y: Floats, v: Floats) -> float:
    """Cochran's Q: weighted squares around the fixed-effect mean."""
    weight = 1 / v
    return float(weight @ np.square(y - weight @ y / weight.sum()))


def leave_one_out(y: Floats, v: Floats, method: str = "reml") -> tuple[Floats, Floats]:
    """Smallest and largest pooled effect of each set without one of its clinics; NaN below three clinics,
    where what is left would be a single clinic."""
    enough = np.count_nonzero(~np.isnan(y), axis=0) >= 3
    lowest, highest = (np.full(y.shape[1], np.nan) for _ in range(2))
    for left_out in range(len(y)):
        there = enough & ~np.isnan(y[left_out])
        rest = np.delete(y[:, there], left_out, axis=0), np.delete(v[:, there], left_out, axis=0)
        mu = pool_sets(*rest, method).mu
        lowest[there] = np.fmin(lowest[there], mu)
        highest[there] = np.fmax(highest[there], mu)
    return lowest, highest


def _tau2_dl(sets: _Sets) -> Floats:
    """Moment estimate in closed form."""
    weight = sets.weights(np.zeros(len(sets.k)))
    c = _down(weight) - _down(np.square(weight)) / _down(weight)
    excess = sets.q(np.zeros(len(sets.k))) - (sets.k - 1)
    tau2: Floats = np.maximum(0.0, excess / c)
    return tau2


def _tau2_pm(sets: _Sets) -> Floats:
    """The tau2 at which the generalised Q equals its expectation k - 1, by Newton's steps: Q falls and is
    convex in tau2, so they rise from zero to the root and never beyond it."""

    def step(part: _Sets, tau2: Floats) -> Floats:
        weight = part.weights(tau2)
        squares = np.square(part.y - part.mean(weight))
        excess, slope = _down(weight * squares) - (part.k - 1), _down(np.square(weight) * squares)
        move = np.divide(excess, slope, out=np.zeros(len(excess)), where=slope > 0)
        result: Floats = np.maximum(0.0, tau2 + move)
        return result

    return _iterated(sets, np.zeros(len(sets.k)), step)


def _tau2_reml(sets: _Sets) -> Floats:
    """Fixed-point iteration of the restricted likelihood, floored at zero."""

    def step(part: _Sets, tau2: Floats) -> Floats:
        weight = part.weights(tau2)
        squares = np.square(weight)
        residual = np.square(part.y - part.mean(weight)) - part.v
        update = _down(squares * residual) / _down(squares) + 1 / _down(weight)
        result: Floats = np.maximum(0.0, update)
        return result

    return _iterated(sets, _tau2_dl(sets), step)


def _iterated(sets: _Sets, start: Floats, step: Callable[[_Sets, Floats], Floats]) -> Floats:
    """Repeat until nothing moves; each set stops by itself, whatever the others still do."""
    tau2, moving = start.copy(), np.arange(len(start))
    for _ in range(ITERATIONS):
        if not len(moving):
            break
        new = step(sets.part(moving), tau2[moving])
        still = np.abs(new - tau2[moving]) > CLOSE * np.maximum(1.0, tau2[moving])
        tau2[moving] = new
        moving = moving[still]
    return tau2


TAU2 = {"reml": _tau2_reml, "dl": _tau2_dl, "pm": _tau2_pm}
