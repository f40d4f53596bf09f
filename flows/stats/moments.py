"""Means, standard deviations and correlations of many groups at once.

Values are added in the order in which they are given, one after the other, so that the same rows in
the same order yield the same bits whatever the number of threads.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Moments:
    """Per group: number of values, mean (NaN without values), standard deviation (NaN below two)."""

    n: Ints
    mean: Floats
    sd: Floats


def grouped_moments(group: Ints, value: Floats, n_groups: int) -> Moments:
    """Moments of `value` by group number."""
    n = np.bincount(group, minlength=n_groups)
    # Deviations from each group's first value: a constant group then has an SD of exactly zero.
    origin = np.zeros(n_groups)
    origin[group[::-1]] = value[::-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = origin + np.bincount(group, value - origin[group], n_groups) / n
        squares = np.bincount(group, np.square(value - mean[group]), n_groups)
        sd = np.sqrt(np.where(n > 1, squares / np.maximum(n - 1, 1), np.nan))
    return Moments(n, mean, sd)


def grouped_correlation(group: Ints, x: Floats, y: Floats, of_x: Moments, of_y: Moments) -> Floats:
    """Pearson correlation of x and y by group; NaN below two pairs or where one is constant."""
    product = (x - of_x.mean[group]) * (y - of_y.mean[group])
    spread = (of_x.n - 1) * of_x.sd * of_y.sd
    covered = np.bincount(group, product, len(spread))
    r = np.divide(covered, spread, out=np.full(len(spread), np.nan), where=spread > 0)
    clipped: Floats = np.clip(r, -1, 1)
    return clipped
