"""Standardised mean changes of pairs, elementwise over cells.

SRM = mean / SD of the changes; it grows with the correlation of the two visits, so it never compares
questionnaires. g_av standardises by the average SD of the two visits (Lakens 2013, Front Psychol 4:863);
SMCR by the baseline SD (Becker 1988, Br J Math Stat Psychol 41:257). Limits by the non-central t
(Steiger & Fouladi 1997; Algina & Keselman 2003, Educ Psychol Meas 63:537).
"""

import numpy as np
from scipy import special

from flows.stats.moments import Floats


def noncentrality_limits(t: Floats, degrees: Floats, level: float) -> tuple[Floats, Floats]:
    """Non-centralities at which the observed t lies at the upper and at the lower tail."""
    tail = (1 - level) / 2
    return _noncentrality(t, degrees, 1 - tail), _noncentrality(t, degrees, tail)


def _noncentrality(t: Floats, degrees: Floats, probability: float) -> Floats:
    """The one at which P(T <= t) is this. scipy's inverse stops at 1e-5 or so: Newton does the rest."""
    found: Floats = special.nctdtrinc(degrees, probability, t)
    step = 1e-4
    for _ in range(4):
        middle = special.nctdtr(degrees, found, t)
        slope = special.nctdtr(degrees, found + step, t) - special.nctdtr(degrees, found - step, t)
        move = np.divide(
            2 * step * (middle - probability), slope, out=np.zeros_like(found), where=slope != 0
        )
        found = found - np.clip(move, -1, 1)
    return found


def standardised_response_mean(
    n: Floats, mean: Floats, sd: Floats, level: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """SRM with limits; NaN where nothing varies."""
    root, srm = np.sqrt(n), _ratio(mean, sd)
    lower, upper = noncentrality_limits(srm * root, n - 1, level)
    return srm, lower / root, upper / root


def hedges_g_average(
    n: Floats, mean: Floats, sd: Floats, sd_pre: Floats, sd_post: Floats, level: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """g_av = d_av x (1 - 3 / (4 x 2n - 9)) with the limits of d_av times the same factor."""
    factor = 1 - 3 / (8 * n - 9)
    d_av, lower, upper = cohen_d_average(n, mean, sd, sd_pre, sd_post, level)
    return factor * d_av, factor * lower, factor * upper


def cohen_d_average(
    n: Floats, mean: Floats, sd: Floats, sd_pre: Floats, sd_post: Floats, level: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """d_av with Algina-Keselman limits; sd^2 stands for s_pre^2 + s_post^2 - 2 cov."""
    variance = np.square(sd_pre) + np.square(sd_post)
    d_av = _ratio(mean, np.sqrt(variance / 2))
    lower, upper = noncentrality_limits(_ratio(mean, sd) * np.sqrt(n), n - 1, level)
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
