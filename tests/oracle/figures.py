"""Textbook statistics in plain Python, slow and exact where that is possible."""

import math
from collections.abc import Sequence
from fractions import Fraction
from statistics import NormalDist

Number = float | Fraction
Z = NormalDist().inv_cdf(0.975)


def mean(values: Sequence[Number]) -> float | None:
    """Arithmetic mean, NULL of nothing."""
    if not values:
        return None
    return math.fsum(float(v) for v in values) / len(values)


def sd(values: Sequence[Number]) -> float | None:
    """Sample standard deviation (n - 1), NULL below two values."""
    if len(values) < 2:
        return None
    centre = mean(values) or 0.0
    squares = math.fsum((float(v) - centre) ** 2 for v in values)
    return math.sqrt(squares / (len(values) - 1))


def quantile(values: Sequence[Number], share: float) -> float | None:
    """Quantile by linear interpolation between order statistics."""
    # spec silent: the type of quantile; this is type 7, the default of R, NumPy and SQL's
    # percentile_cont.
    if not values:
        return None
    ordered = sorted(float(v) for v in values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def percent(part: int, whole: int) -> float | None:
    """100 part / whole, NULL on an empty denominator."""
    return 100 * part / whole if whole else None


def wilson(part: int, whole: int) -> tuple[float | None, float | None]:
    """Wilson 95 % interval of a proportion, in percent."""
    if not whole:
        return None, None
    p, n = part / whole, whole
    centre = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return 100 * max(0.0, centre - half), 100 * min(1.0, centre + half)


def mean_interval(values: Sequence[Number]) -> tuple[float | None, float | None]:
    """Student's 95 % interval of a mean, NULL below two values."""
    spread = sd(values)
    centre = mean(values)
    if spread is None or centre is None:
        return None, None
    half = t_quantile(len(values) - 1) * spread / math.sqrt(len(values))
    return centre - half, centre + half


def t_quantile(df: int) -> float:
    """The 97.5 % point of Student's t, by bisection on its tail probability."""
    low, high = 0.0, 1000.0
    while high - low > 1e-14 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        tail = incomplete_beta(df / 2, 0.5, df / (df + middle**2)) / 2
        low, high = (middle, high) if tail > 0.025 else (low, middle)
    return (low + high) / 2


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function by its continued fraction (Numerical Recipes 6.4)."""
    if x in (0.0, 1.0):
        return x
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return front * beta_fraction(a, b, x) / a
    return 1 - front * beta_fraction(b, a, 1 - x) / b


def beta_fraction(a: float, b: float, x: float) -> float:
    """Lentz's evaluation of the continued fraction of the incomplete beta function."""
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / (1 + term * d)
            c = 1 + term / c
            value *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return value


def survival(times: Sequence[tuple[Number, int]], at: Number) -> Fraction | None:
    """Kaplan-Meier S(at) of (time, event) pairs; NULL where nobody is at risk that long."""
    # spec silent: what a curve says beyond its last observation. Nothing, unless it reached zero.
    value = Fraction(1)
    for moment in sorted({time for time, event in times if event and time <= at}):
        at_risk = sum(1 for time, _ in times if time >= moment)
        events = sum(1 for time, event in times if event and time == moment)
        value *= 1 - Fraction(events, at_risk)
    if not times or (value > 0 and all(time < at for time, _ in times)):
        return None
    return value


def median_survival(times: Sequence[tuple[Number, int]]) -> Number | None:
    """The first event time at which S falls to one half or below; NULL if it never does."""
    for moment in sorted({time for time, event in times if event}):
        reached = survival(times, moment)
        if reached is not None and reached <= Fraction(1, 2):
            return moment
    return None


def survival_interval(
    times: Sequence[tuple[Number, int]], at: Number
) -> tuple[float | None, float | None]:
    """Greenwood's 95 % interval of S(at) on the log-log scale; none where S is 0 or 1."""
    value = survival(times, at)
    if value is None or value in (0, 1):
        return None, None
    total = 0.0
    for moment in sorted({time for time, event in times if event and time <= at}):
        at_risk = sum(1 for time, _ in times if time >= moment)
        events = sum(1 for time, event in times if event and time == moment)
        total += events / (at_risk * (at_risk - events))
    half = Z * math.sqrt(total) / abs(math.log(value))
    return float(value) ** math.exp(half), float(value) ** math.exp(-half)


def correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Pearson's r; NULL below two pairs or where one side does not vary."""
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    if not sd(first) or not sd(second):
        return None
    a0, b0 = mean(first) or 0.0, mean(second) or 0.0
    cross = math.fsum((a - a0) * (b - b0) for a, b in pairs)
    return cross / math.sqrt(
        math.fsum((a - a0) ** 2 for a in first) * math.fsum((b - b0) ** 2 for b in second)
    )
