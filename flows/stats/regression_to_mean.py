"""Regression to the mean: people enrolled because they scored badly score better next time, without
any effect. Expectation under a bivariate normal: Gardner & Heady 1973, J Chronic Dis 26:781."""

from flows.stats.distributions import normal_density, normal_tail


def expected_change(mean: float, sd: float, cutoff: float, correlation: float) -> float:
    """Expected change of scores of people enrolled at `cutoff` or above, without any treatment."""
    alpha = (cutoff - mean) / sd
    return -(1 - correlation) * sd * normal_density(alpha) / normal_tail(alpha)
