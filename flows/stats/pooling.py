"""Random-effects pooling of one effect per clinic.

DerSimonian & Laird 1986, Control Clin Trials 7:177; Paule & Mandel 1982, J Res NBS 87:377; REML:
Viechtbauer 2005, J Educ Behav Stat 30:261; Hartung & Knapp 2001, Stat Med 20:3875; prediction interval:
Higgins, Thompson & Spiegelhalter 2009, JRSS A 172:137.
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from flows.stats.moments import Floats

ITERATIONS = 1000


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


def pool(y: Floats, v: Floats, method: str = "reml", level: float = 0.95) -> Pooled:
    """Pool effects y with variances v; `method` is reml, dl or pm. Needs two effects or more."""
    y, v = np.asarray(y, float), np.asarray(v, float)
    if len(y) < 2 or np.any(v <= 0):
        raise ValueError("pooling needs two effects or more, each with a variance above zero")
    tau2 = TAU2[method](y, v)
    weight = 1 / (v + tau2)
    mu, se, k = float(weight @ y / weight.sum()), float(weight.sum() ** -0.5), len(y)
    factor = float(weight @ np.square(y - mu) / (k - 1))
    z, t = stats.norm.ppf((1 + level) / 2), stats.t.ppf((1 + level) / 2, k - 1)
    half = t * se * np.sqrt(max(1.0, factor))
    around = stats.t.ppf((1 + level) / 2, k - 2) * np.sqrt(tau2 + se * se) if k > 2 else np.nan
    q = heterogeneity(y, v)
    return Pooled(
        k, tau2, mu, se, q, max(0.0, (q - (k - 1)) / q) if q > 0 else 0.0, se * factor**0.5,
        mu - half, mu + half, mu - z * se, mu + z * se, mu - around, mu + around,
    )  # fmt: skip


def heterogeneity(y: Floats, v: Floats) -> float:
    """Cochran's Q: weighted squares around the fixed-effect mean."""
    weight = 1 / v
    return float(weight @ np.square(y - weight @ y / weight.sum()))


def _tau2_dl(y: Floats, v: Floats) -> float:
    """Moment estimate in closed form."""
    weight = 1 / v
    c = weight.sum() - np.square(weight).sum() / weight.sum()
    return max(0.0, float((heterogeneity(y, v) - (len(y) - 1)) / c))


def _tau2_pm(y: Floats, v: Floats) -> float:
    """The tau2 at which the generalised Q equals its expectation k - 1."""

    def excess(tau2: float) -> float:
        return heterogeneity(y, v + tau2) - (len(y) - 1)

    if excess(0.0) <= 0:
        return 0.0
    upper = float(np.var(y, ddof=1)) + float(v.max())
    while excess(upper) > 0:
        upper *= 2
    return float(optimize.brentq(excess, 0.0, upper, xtol=1e-14, rtol=1e-14, maxiter=ITERATIONS))


def _tau2_reml(y: Floats, v: Floats) -> float:
    """Fixed-point iteration of the restricted likelihood, floored at zero."""
    tau2 = _tau2_dl(y, v)
    for _ in range(ITERATIONS):
        weight = 1 / (v + tau2)
        mu, squares = weight @ y / weight.sum(), np.square(weight)
        update = squares @ (np.square(y - mu) - v) / squares.sum() + 1 / weight.sum()
        new = max(0.0, float(update))
        if abs(new - tau2) <= 1e-13 * max(1.0, tau2):
            return new
        tau2 = new
    return tau2


TAU2 = {"reml": _tau2_reml, "dl": _tau2_dl, "pm": _tau2_pm}
