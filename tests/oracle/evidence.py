"""marts.mart_evidence_* and mart_standardised, recomputed (clinical 4.8; attack 17)."""

import math
from collections.abc import Callable
from typing import Any

from scipy import optimize, stats
from statsmodels.stats.multitest import multipletests

from oracle.enrolments import Enrolment
from oracle.figures import correlation, mean, percent, sd, t_quantile, wilson
from oracle.network import Network, by_first_programme
from oracle.outcomes import Outcome
from oracle.ranks import wilcoxon_p

MartRow = dict[str, Any]
Cell = tuple[str, str, str]
BANDS = ("w1_3", "w4", "w5_7", "w8_12", "w_gt12")
NOTHING = (
    "pooled_mean", "pooled_se", "pooled_ci_lo", "pooled_ci_hi", "prediction_lo", "prediction_hi", "tau2",
    "q", "i2_pct", "dl_mean", "dl_ci_lo", "dl_ci_hi", "dl_tau2", "pm_mean", "pm_ci_lo", "pm_ci_hi",
    "pm_tau2", "loo_mean_min", "loo_mean_max",
)  # fmt: skip


def primary_pairs(network: Network) -> list[Outcome]:
    """Changes at the primary visit: end of programme, or the week after a single session."""
    return [
        row for row in network.scored
        if row.is_pair() and row.visit == ("FU1W" if row.enrolment.band == "single" else "EOP")
    ]  # fmt: skip


def place_of(network: Network, row: Outcome) -> tuple[str, int] | None:
    """Domain of a score and its place in the declared list."""
    name = f"{row.score.instrument}.{row.score.score_id}"
    for key, text in network.policy.numbers.items():
        if key.startswith("primary.") and name in text.split(" "):
            return key.removeprefix("primary."), text.split(" ").index(name)
    return None


def cells_of(one: Enrolment) -> list[Cell]:
    return [
        (level, condition, band)
        for level, condition in (("condition", one.condition), ("group", one.condition_group), ("all", "all"))
        for band in (one.band, "all")
    ]  # fmt: skip


def cohorts(network: Network) -> dict[Any, list[Outcome]]:
    """(cell, modality, domain, clinic, rank, score) -> pairs."""
    found: dict[Any, list[Outcome]] = {}
    for row in primary_pairs(network):
        told = place_of(network, row)
        if told is not None:
            score = (row.score.instrument, row.score.version, row.score.score_id)
            for cell in cells_of(row.enrolment):
                key = (
                    cell,
                    row.enrolment.modality,
                    told[0],
                    row.enrolment.clinic_id,
                    told[1],
                    score,
                )
                found.setdefault(key, []).append(row)
    return found


def people_of(rows: list[Outcome]) -> list[Outcome]:
    return [row for _, row in by_first_programme([(r.enrolment, r) for r in rows])]


def chosen(found: dict[Any, list[Outcome]], enough: int) -> dict[Any, tuple[Any, list[Outcome]]]:
    """(cell, modality, domain) -> clinic -> its primary score and people."""
    result: dict[Any, Any] = {}
    for key in sorted(found, key=lambda k: (k[:4], k[4], k[5])):
        cell, modality, domain, clinic, _, score = key
        people = people_of(found[key])
        known = result.setdefault((cell, modality, domain), {}).get(clinic)
        if known is None or (len(known[1]) < enough <= len(people)):
            result[cell, modality, domain][clinic] = (score, people)
    return result


def pool_mart(network: Network) -> dict[Any, MartRow]:
    found = cohorts(network)
    enough = int(network.number("disclosure.threshold"))
    return {
        key: pool_row(clinics, enough) for key, clinics in chosen(found, enough).items()
    }  # fmt: skip


def pool_row(clinics: dict[str, Any], enough: int) -> MartRow:
    large = {c: told for c, told in clinics.items() if len(told[1]) >= enough}
    scores = {score for score, _ in large.values()}
    effects = []
    for clinic in sorted(large):
        rows = large[clinic][1]
        improve, base = [r.improve() for r in rows], [r.base for r in rows]
        r = correlation([(row.base, row.aval) for row in rows])
        n = len(rows)
        if len(scores) == 1:
            y, v = mean(improve), sd(improve) ** 2 / n
        else:
            y = (1 - 3 / (4 * (n - 1) - 1)) * mean(improve) / sd(base)
            v = 2 * (1 - r) / n + y * y / (2 * n)
        if v > 0:
            effects.append((y, v, n))
    k = len(effects)
    one = next(iter(scores)) if len(scores) == 1 else ("several",) * 3 if scores else (None,) * 3
    row = dict.fromkeys(NOTHING) | {
        "k_clinics": k, "k_left_out": len(clinics) - k, "n_persons": sum(n for _, _, n in effects),
        "instrument": one[0], "version": one[1], "score_id": one[2],
        "effect": ("points" if len(scores) == 1 else "smcr") if scores else None,
        "pool_state": "not_pooled" if k < 2 else "few_clinics" if k < 5 else "pooled",
    }  # fmt: skip
    return row | (pooled([e[0] for e in effects], [e[1] for e in effects]) if k >= 2 else {})


def average(y: list[float], v: list[float], tau2: float) -> float:
    w = [1 / (x + tau2) for x in v]
    return math.fsum(a * b for a, b in zip(w, y, strict=True)) / math.fsum(w)


def q_of(y: list[float], v: list[float], tau2: float) -> float:
    mu = average(y, v, tau2)
    return math.fsum((a - mu) ** 2 / (b + tau2) for a, b in zip(y, v, strict=True))


def root(function: Callable[[float], float]) -> float:
    """Where it falls through zero; 0 if it starts below."""
    if function(0.0) <= 0:
        return 0.0
    top = 1.0
    while function(top) > 0:
        top *= 2
    return float(optimize.brentq(function, 0, top, xtol=1e-15, rtol=1e-15, maxiter=500))


def tau2_by(method: str, y: list[float], v: list[float]) -> float:
    k = len(y)
    if method == "dl":
        w = [1 / x for x in v]
        c = sum(w) - sum(x * x for x in w) / sum(w)
        return max(0.0, (q_of(y, v, 0.0) - (k - 1)) / c)
    if method == "pm":
        return root(lambda t: q_of(y, v, t) - (k - 1))

    def score(t: float) -> float:
        """Derivative of the restricted log-likelihood, doubled."""
        w, mu = [1 / (x + t) for x in v], average(y, v, t)
        squares = [x * x for x in w]
        fit = math.fsum(s * (a - mu) ** 2 for s, a in zip(squares, y, strict=True))
        return fit - math.fsum(w) + math.fsum(squares) / math.fsum(w)

    return root(score)


def pooled(y: list[float], v: list[float]) -> MartRow:
    k, tau2 = len(y), tau2_by("reml", y, v)
    mu, se = average(y, v, tau2), math.fsum(1 / (x + tau2) for x in v) ** -0.5
    stretch = math.sqrt(max(1.0, q_of(y, v, tau2) / (k - 1)))
    half, q = t_quantile(k - 1) * se * stretch, q_of(y, v, 0.0)
    around = t_quantile(k - 2) * math.sqrt(tau2 + se * se) if k > 2 else None
    row = {
        "pooled_mean": mu, "pooled_se": se, "pooled_ci_lo": mu - half, "pooled_ci_hi": mu + half,
        "prediction_lo": None if around is None else mu - around,
        "prediction_hi": None if around is None else mu + around,
        "tau2": tau2, "q": q, "i2_pct": 100 * max(0.0, (q - (k - 1)) / q),
    }  # fmt: skip
    for method in ("dl", "pm"):
        t = tau2_by(method, y, v)
        m, e = average(y, v, t), math.fsum(1 / (x + t) for x in v) ** -0.5
        z = float(stats.norm.ppf(0.975))
        row |= {
            f"{method}_mean": m,
            f"{method}_ci_lo": m - z * e,
            f"{method}_ci_hi": m + z * e,
            f"{method}_tau2": t,
        }
    rest = [(y[:i] + y[i + 1 :], v[:i] + v[i + 1 :]) for i in range(k)] if k >= 3 else []
    loo = [average(*part, tau2_by("reml", *part)) for part in rest]
    return row | {"loo_mean_min": min(loo, default=None), "loo_mean_max": max(loo, default=None)}


def vote_mart(network: Network) -> dict[Any, MartRow]:
    """(cell, domain) -> counts of units: cells of condition x band, one clinic, self-massage only."""
    own = {
        key: rows for key, rows in cohorts(network).items()
        if key[1] == "self_massage_only" and key[0][0] == "condition" and key[0][2] != "all"
    }  # fmt: skip
    told = [
        (clinics[c][1], domain)
        for (_, _, domain), clinics in chosen(own, 20).items() for c in clinics
    ]  # fmt: skip
    tested = [(rows, domain) for rows, domain in told if len(rows) >= 20]
    p = multipletests(
        [wilcoxon_p([r.improve() for r in rows]) for rows, _ in tested], method="holm"
    )[1]
    found: dict[Any, MartRow] = {}
    for rows, domain in told:
        for cell in cells_of(rows[0].enrolment):
            key = (cell, domain)
            row = found.setdefault(
                key,
                dict.fromkeys(
                    (
                        "k_units",
                        "k_improved_sig",
                        "k_worse_sig",
                        "k_insufficient",
                        "k_direction",
                        "k_other_direction",
                    ),
                    0,
                )
                | {"sizes": []},
            )
            place = next((i for i, (other, _) in enumerate(tested) if other is rows), None)
            count(row, rows, None if place is None else float(p[place]))
    return {key: finish(row, len(tested)) for key, row in found.items()}  # fmt: skip


def count(row: MartRow, rows: list[Outcome], p: float | None) -> None:
    if p is None:
        row["k_insufficient"] += 1
        return
    change = mean([r.improve() for r in rows])
    row["k_units"] += 1
    row["sizes"].append(len(rows))
    row["k_direction"] += change > 0
    row["k_other_direction"] += change < 0
    row["k_improved_sig"] += p < 0.05 and change > 0
    row["k_worse_sig"] += p < 0.05 and change < 0


def finish(row: MartRow, n_tests: int) -> MartRow:
    k, total = row["k_improved_sig"], row["k_units"]
    low, high = wilson(k, total)
    exact = stats.binomtest(k, total).proportion_ci(0.95, method="exact") if total else None
    better, worse = row["k_direction"], row["k_other_direction"]
    told = {key: value for key, value in row.items() if key != "sizes"}
    return told | {
        "label": f"{k} of {total}", "k_ns": total - k - row["k_worse_sig"], "family_m": n_tests,
        "n_smallest_unit": min(row["sizes"], default=None),
        "pct_improved_sig": percent(k, total), "pct_improved_sig_ci_lo": low, "pct_improved_sig_ci_hi": high,
        "pct_improved_sig_exact_lo": None if exact is None else 100 * exact.low,
        "pct_improved_sig_exact_hi": None if exact is None else 100 * exact.high,
        "sign_test_p": float(stats.binomtest(better, better + worse).pvalue) if better + worse else None,
    }  # fmt: skip


def standard_mart(network: Network) -> dict[Any, MartRow]:
    """(level, condition, score, band) -> plain and standardised mean, trends over all and within strata."""
    groups: dict[Any, list[Outcome]] = {}
    for row in primary_pairs(network):
        one, score = row.enrolment, row.score
        if one.band in BANDS:
            for level, condition, band in cells_of(one):
                if band != "all":
                    key = (level, condition, score.instrument, score.version, score.score_id)
                    groups.setdefault(key, []).append(row)
    found = {}
    for key, rows in groups.items():
        trends = trend_columns(rows)
        for band in {row.enrolment.band for row in rows}:
            found[(*key, band)] = (
                band_row(rows, band, int(network.number("disclosure.threshold"))) | trends
            )
    return found


def stratum_of(row: Outcome) -> tuple[str, str]:
    return row.enrolment.clinic_id, row.enrolment.condition


def band_row(rows: list[Outcome], band: str, enough: int) -> MartRow:
    here = [row for row in rows if row.enrolment.band == band]
    strata: dict[Any, list[float]] = {}
    for row in here:
        strata.setdefault(stratum_of(row), []).append(row.improve())
    large = {s: values for s, values in strata.items() if len(values) >= enough}
    weight = {s: sum(1 for row in rows if stratum_of(row) == s) for s in large}
    total = sum(weight.values())
    row = {
        "n_pair": len(here), "improve_mean": mean([r.improve() for r in here]), "k_strata": len(large),
        "n_standard": sum(len(v) for v in large.values()), "coverage_pct": 100 * total / len(rows),
        "standard_mean": None, "standard_ci_lo": None, "standard_ci_hi": None,
    }  # fmt: skip
    if not large or 100 * total / len(rows) < 80:
        return row
    estimate = sum(weight[s] / total * mean(values) for s, values in large.items())
    degrees = sum(len(v) - 1 for v in large.values())
    spread = sum((x - mean(v)) ** 2 for v in large.values() for x in v) / degrees
    half = t_quantile(degrees) * math.sqrt(
        spread * sum((weight[s] / total) ** 2 / len(v) for s, v in large.items())
    )
    return row | {
        "standard_mean": estimate,
        "standard_ci_lo": estimate - half,
        "standard_ci_hi": estimate + half,
    }


def trend_columns(rows: list[Outcome]) -> MartRow:
    crude, crude_p = trend(rows, lambda row: ())
    within, within_p = trend(rows, stratum_of)
    opposite = crude is not None and within is not None and crude * within < 0
    clear = any(p is not None and p < 0.05 for p in (crude_p, within_p))
    return {
        "n_trend": len(rows), "trend_crude": crude, "trend_crude_p": crude_p,
        "trend_within": within, "trend_within_p": within_p, "simpson_warning": opposite and clear,
    }  # fmt: skip


def trend(
    rows: list[Outcome], stratum: Callable[[Outcome], Any]
) -> tuple[float | None, float | None]:
    """Least squares with one level per stratum."""
    strata: dict[Any, list[tuple[float, float]]] = {}
    for row in rows:
        point = (float(1 + BANDS.index(row.enrolment.band)), row.improve())
        strata.setdefault(stratum(row), []).append(point)
    points = [
        (x - mean([a for a, _ in pts]), y - mean([b for _, b in pts]))
        for pts in strata.values() for x, y in pts
    ]  # fmt: skip
    squares = math.fsum(x * x for x, _ in points)
    degrees = len(rows) - len(strata) - 1
    if squares < 1e-12:
        return None, None
    slope = math.fsum(x * y for x, y in points) / squares
    if degrees < 1:
        return slope, None
    error = math.sqrt(math.fsum((y - slope * x) ** 2 for x, y in points) / degrees / squares)
    return slope, float(2 * stats.t.sf(abs(slope) / error, degrees)) if error > 0 else None
