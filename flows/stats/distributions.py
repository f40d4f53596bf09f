"""The few distributions that are asked here, from scipy.special.

The same numbers as scipy.stats gives, bit for bit; but that takes half a second to import, which is longer than
a small clinic's whole inference.
"""

from math import comb
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from flows.stats.moments import Floats, Ints

# A table of as many places as this times the values is still cheaper than sorting the values.
COUNTED_UP_TO = 8


def normal_quantile(probability: float) -> float:
    """z with this probability below it."""
    return float(special.ndtri(probability))


def normal_tail(z: float) -> float:
    """Probability of more than z."""
    return float(special.ndtr(-z))


def normal_density(z: float) -> float:
    """Height of the normal curve."""
    return float(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))


def t_quantile(probability: float, degrees: ArrayLike) -> Any:
    """t with this probability below it; NaN without degrees of freedom."""
    return special.stdtrit(degrees, probability)


def t_two_sided(t: ArrayLike, degrees: ArrayLike) -> Any:
    """Probability of a t at least as far from zero; NaN without degrees of freedom."""
    return 2 * special.stdtr(degrees, -np.abs(t))


def beta_quantile(probability: float, a: Floats, b: Floats) -> Floats:
    """Share with this probability below it; NaN where a or b is not above zero."""
    quantile: Floats = special.betaincinv(a, b, probability)
    return quantile


def fair_coin_two_sided(count: int, n: int) -> float:
    """Probability of a count of heads at least as far from n / 2; whole numbers, so that it is exact."""
    fewer = min(count, n - count)
    as_far: int = 2 * sum(comb(n, i) for i in range(fewer + 1))
    return min(1.0, as_far / int(2**n))


def order_of(values: Floats) -> Ints:
    """Place of each value among the distinct ones, from 0; values that differ by float noise are equal."""
    places: Ints = np.unique(np.round(values, 9), return_inverse=True)[1]
    return places


def mid_ranks(values: Floats | Ints) -> Floats:
    """Ranks from 1; those of equal values are their mean.

    Whole numbers are places in an order, as `order_of` gives them: those are counted, not sorted.
    """
    if values.dtype.kind == "i" and values.max(initial=0) < COUNTED_UP_TO * len(values):
        place, count = values, np.bincount(values)
    else:
        _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(count) - (count - 1) / 2)[place]
    return ranks
