"""One mean against zero: Student's t. Student 1908, Biometrika 6:1."""

import numpy as np

from flows.stats.distributions import t_quantile, t_two_sided
from flows.stats.moments import Floats, Ints


def t_interval(n: Ints, mean: Floats, sd: Floats, level: float) -> tuple[Floats, Floats]:
    """Limits of the mean by t with n - 1 degrees of freedom; NaN below two values."""
    degrees = np.where(n > 1, n - 1, np.nan)
    half = t_quantile((1 + level) / 2, degrees) * sd / np.sqrt(np.maximum(n, 1))
    return mean - half, mean + half


def t_test(n: Ints, mean: Floats, sd: Floats) -> tuple[Floats, Floats]:
    """t and its two-sided p for a mean of zero; NaN below two values or where nothing varies."""
    usable = (n > 1) & (sd > 0)
    error = np.where(usable, sd / np.sqrt(np.maximum(n, 1)), np.nan)
    t = mean / error
    return t, t_two_sided(t, np.where(usable, n - 1, np.nan))
