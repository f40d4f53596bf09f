"""Standardised mean changes of pairs, elementwise over cells.

SRM = mean / SD of the changes; it grows with the correlation of the two visits, so it never compares
questionnaires. g_av standardises by the average SD of the two visits (Lakens 2013, Front Psychol 4:863);
SMCR by the baseline SD (Becker 1988, Br J Math Stat Psychol 41:257). Limits by the non-central t
(Steiger & Fouladi 1997; Algina & Keselman 2003, Educ Psychol Meas 63:537).
"""

import numpy as np
from scipy import special

from flows.stats.moments import Floats

Limits = tuple[Floats, Floats]
MAX_RATIO = 50.0  # mean over SD of the changes; published SRMs stay below 5
FEW_DEGREES = 10
NEWTON_STEPS = 12


def noncentrality_limits(t: Floats, degrees: Floats, level: float) -> Limits:
    """Non-centralities at which the observed t lies at the upper and at the lower tail.

    NaN where t is beyond MAX_RATIO: changes that are all but equal have no standardised size, and the
    distribution cannot be evaluated there.
    """
    t, degrees = np.broadcast_arrays(np.asarray(t, float), np.asarray(degrees, float))
    tail, usable = (1 - level) / 2, np.abs(t) <= MAX_RATIO * np.sqrt(degrees + 1)
    lower, upper = np.full(t.shape, np.nan), np.full(t.shape, np.nan)
    lower[usable] = _noncentrality(t[usable], degrees[usable], 1 - tail)
    upper[usable] = _noncentrality(t[usable], degrees[usable], tail)
    return lower, upper


def _noncentrality(t: Floats, degrees: Floats, probability: float) -> Floats:
    """The one at which P(T <= t) is this: Newton from the normal approximation of Johnson & Welch 1940.

    scipy's own inverse stops at 1e-5 or so, and is dear; it is the start only where degrees are few.
    """
    z = special.ndtri(probability)
    found: Floats = t * (1 - 0.25 / degrees) - z * np.sqrt(1 + np.square(t) / (2 * degrees))
    few = degrees < FEW_DEGREES
    found[few] = special.nctdtrinc(degrees[few], probability, t[few])
    open_ = np.arange(len(found))
    for _ in range(NEWTON_STEPS):
        if not len(open_):
            break
        move = _newton_step(t[open_], degrees[open_], probability, found[open_])
        found[open_] -= move
        # Quadratic convergence: after a step this small the next would be beyond double precision.
        open_ = open_[np.abs(move) > 1e-9 * (1 + np.abs(found[open_]))]
    return found


def _newton_step(t: Floats, degrees: Floats, probability: float, at: Floats) -> Floats:
    step = 1e-4
    rise = special.nctdtr(degrees, at + step, t) - special.nctdtr(degrees, at - step, t)
    miss = special.nctdtr(degrees, at, t) - probability
    move = np.divide(2 * step * miss, rise, out=np.zeros_like(at), where=rise != 0)
    clipped: Floats = np.clip(move, -1, 1)
    return clipped


def standardised_response_mean(
    n: Floats, mean: Floats, sd: Floats, level: float = 0.95, limits: Limits | None = None
) -> tuple[Floats, Floats, Floats]:
    """SRM with limits; NaN where nothing varies. `limits` are those of t, where they are known already."""
    root, srm = np.sqrt(n), _ratio(mean, sd)
    lower, upper = limits or noncentrality_limits(srm * root, n - 1, level)
    return srm, lower / root, upper / root


def hedges_g_average(
    n: Floats, mean: Floats, sd: Floats, sd_pre: Floats, sd_post: Floats, level: float = 0.95,
    limits: Limits | None = None,
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """g_av = d_av x (1 - 3 / (4 x 2n - 9)) with the limits of d_av times the same factor."""
    factor = 1 - 3 / (8 * n - 9)
    d_av, lower, upper = cohen_d_average(n, mean, sd, sd_pre, sd_post, level, limits)
    return factor * d_av, factor * lower, factor * upper


def cohen_d_average(
    n: Floats, mean: Floats, sd: Floats, sd_pre: Floats, sd_post: Floats, level: float = 0.95,
    limits: Limits | None = None,
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """d_av with Algina-Keselman limits; sd^2 stands for s_pre^2 + s_post^2 - 2 cov."""
    variance = np.square(sd_pre) + np.square(sd_post)
    d_av = _ratio(mean, np.sqrt(variance / 2))
    lower, upper = limits or noncentrality_limits(_ratio(mean, sd) * np.sqrt(n), n - 1, level)
    scale = _ratio(sd, np.sqrt(n * variance / 2))
    return d_av, lower * scale, upper * scale


def standardised_mean_change(
    n: Floats, mean: Floats, sd_pre: Floats, r: Floats
) -> tuple[Floats, Floats]:
    """SMCR = J x mean / s_pre with J = 1 - 3 / (4 (n - 1) - 1), and its variance for pooling."""
    y = (1 - 3 / (4 * (n - 1) - 1)) * _ratio(mean, sd_pre)
    return y, 2 * (1 - r) / n + np.square(y) / (2 * n)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    """Quotient, NaN where the divisor is zero: nothing to standardise by."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(np.asarray(bottom) > 0, np.divide(top, bottom), np.nan)
