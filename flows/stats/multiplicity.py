"""p-values adjusted for how many there are. Holm 1979, Scand J Stat 6:65; Hochberg 1988, Biometrika
75:800; Benjamini & Hochberg 1995, JRSS B 57:289. The family is fixed before looking: NaN is no member."""

from collections.abc import Callable

import numpy as np

from flows.stats.moments import Floats

Adjust = Callable[[Floats], Floats]


def holm(p: Floats) -> Floats:
    """Step-down adjusted p: controls the chance of any false rejection under any dependence."""
    return _adjusted(p, lambda s: np.maximum.accumulate(s * np.arange(len(s), 0, -1)))


def hochberg(p: Floats) -> Floats:
    """Step-up adjusted p: like Holm for independent tests, a little less strict."""
    return _adjusted(p, lambda s: _least_from_above(s * np.arange(len(s), 0, -1)))


def benjamini_hochberg(p: Floats) -> Floats:
    """q: expected share of false ones among those called at this level or below."""
    return _adjusted(p, lambda s: _least_from_above(s * len(s) / np.arange(1, len(s) + 1)))


def bonferroni(p: Floats) -> Floats:
    """p times the number of tests."""
    return _adjusted(p, lambda s: s * len(s))


def _least_from_above(values: Floats) -> Floats:
    return np.minimum.accumulate(values[::-1])[::-1]


def _adjusted(p: Floats, adjust: Adjust) -> Floats:
    """Apply to the sorted members, cap at 1, put back in place."""
    p = np.asarray(p, float)
    members = np.flatnonzero(~np.isnan(p))
    order = members[np.argsort(p[members], kind="stable")]
    result = np.full(len(p), np.nan)
    result[order] = np.minimum(adjust(p[order]), 1)
    return result
