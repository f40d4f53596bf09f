"""Least squares with standard errors that do not assume equal spread: HC3.

MacKinnon & White 1985, J Econometrics 29:305; recommended for small samples by Long & Ervin 2000, Am
Stat 54:217. Limits by t with n - p degrees of freedom.
"""

from dataclasses import dataclass

import numpy as np

from flows.stats.distributions import t_quantile, t_two_sided
from flows.stats.moments import Floats, Ints

# A column whose length shrinks by this factor, once what the others say is taken out, says nothing of its own.
COLLINEAR = 1e-9
# One person who alone decides a coefficient fits perfectly: HC3 would divide by what rounding leaves.
LEVERAGE_ONE = 1 - 1e-9


@dataclass(frozen=True)
class Slope:
    """Coefficient of one column with HC3 error and limits; NaN where the others say the same as it.

    n people and n_columns coefficients, the constant included, went into the model.
    """

    estimate: float
    se: float
    lower: float
    upper: float
    p: float
    n: int
    n_columns: int


def slope(y: Floats, x: Floats, others: Floats, group: Ints, level: float = 0.95) -> Slope:
    """Slope of y on x beside the columns of `others` and a constant for each group.

    People who are alone in their group say nothing about a slope within groups and are left out.
    """
    kept = np.bincount(group)[group] > 1
    y, x, others, group = y[kept], x[kept], others[kept], group[kept]
    basis = _independent(np.column_stack([_dummies(group), others]))
    n, p = len(y), basis.shape[1] + 1
    own = x - basis @ (basis.T @ x)
    if n <= p or not own @ own > COLLINEAR**2 * (x @ x):
        return Slope(np.nan, np.nan, np.nan, np.nan, np.nan, n, p)
    # What is left of x is orthogonal to everything else, so its slope needs no matrix to be inverted.
    estimate = float(own @ y / (own @ own))
    residual = y - basis @ (basis.T @ y) - estimate * own
    leverage = np.square(basis).sum(axis=1) + np.square(own) / (own @ own)
    if leverage.max() > LEVERAGE_ONE:
        return Slope(estimate, np.nan, np.nan, np.nan, np.nan, n, p)
    se = float(np.sqrt(np.square(own * residual / (1 - leverage)).sum()) / (own @ own))
    half = float(t_quantile((1 + level) / 2, n - p)) * se
    p_value = float(t_two_sided(estimate / se, n - p)) if se > 0 else np.nan
    return Slope(estimate, se, estimate - half, estimate + half, p_value, n, p)


def _dummies(group: Ints) -> Floats:
    """One column of 0 and 1 per group: together they are the constant."""
    _, place = np.unique(group, return_inverse=True)
    columns: Floats = np.eye(place.max(initial=-1) + 1)[place]
    return columns


def _independent(columns: Floats) -> Floats:
    """Orthonormal columns that say the same; a column that adds nothing is dropped."""
    basis = np.empty((len(columns), 0))
    for column in columns.T:
        own = column - basis @ (basis.T @ column)
        own = own - basis @ (basis.T @ own)  # once more: one pass leaves what rounding let through
        length = np.sqrt(own @ own)
        if length > COLLINEAR * np.sqrt(column @ column):
            basis = np.column_stack([basis, own / length])
    return basis
