"""Regression to the mean: people enrolled because they scored badly score better next time, without
any effect. Expectation under a bivariate normal: Gardner & Heady 1973, J Chronic Dis 26:781."""

from scipy import stats


def expected_change(mean: float, sd: float, cutoff: float, correlation: float) -> float:
    """Expected change of scores of people enrolled at `cutoff` or above, without any treatment."""
    alpha = (cutoff - mean) / sd
    return float(-(1 - correlation) * sd * stats.norm.pdf(alpha) / stats.norm.sf(alpha))
