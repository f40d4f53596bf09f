"""marts.mart_dose_response, recomputed: what was done before the assessment beside the change (clinical 4.7)."""

import math
from typing import Any

import numpy as np
import statsmodels.api as sm
from scipy import stats

from oracle.cells import cells_of
from oracle.enrolments import Enrolment
from oracle.figures import Z, quantile
from oracle.network import Network, adherence_before, by_first_programme, in_plan
from oracle.outcomes import Outcome

MartRow = dict[str, Any]
STEP = {"minutes": 60.0, "adherence": 0.1}


def dose_mart(network: Network) -> dict[Any, MartRow]:
    """Heart cells and their margins x score x measure of dose."""
    pairs: dict[Any, list[Outcome]] = {}
    for row in network.scored:
        if row.visit == "EOP" and row.is_pair():
            for cell in cells_of(row.enrolment, network.policy):
                if cell[3:] == ("all",) * 4:
                    score = row.score
                    key = (cell, score.instrument, score.version, score.score_id, "EOP")
                    pairs.setdefault(key, []).append(row)
    found = {}
    for key, rows in pairs.items():
        for dose in STEP:
            found[(*key, dose)] = dose_row(network, rows, dose)
    return found


def dose_of(network: Network, one: Enrolment, ady: int | None, dose: str) -> float | None:
    """Minutes or adherence before the day of the assessment; None: not known."""
    if ady is None or one.clinic_id not in network.logging_clinics:
        return None
    if dose == "adherence":
        return adherence_before(network, one, ady)
    before = [s for s in network.sessions.get(one.key, []) if in_plan(one, s) and s.day < ady]
    if any(s.minutes is None for s in before):
        return None
    return float(sum(s.minutes for s in before if s.minutes))


def dose_row(network: Network, rows: list[Outcome], dose: str) -> MartRow:
    known = [(r.enrolment, (dose_of(network, r.enrolment, r.ady, dose), r)) for r in rows]
    used = [value for _, value in by_first_programme([k for k in known if k[1][0] is not None])]
    done, improve = [d for d, _ in used], [r.improve() for _, r in used]
    row: MartRow = {
        "n_pair": len(rows),
        "n_persons": len(used),
        "slope_step": STEP[dose],
        "n_model": 0,
    }
    row |= {
        "dose_median": quantile(done, 0.5),
        "dose_q1": quantile(done, 0.25),
        "dose_q3": quantile(done, 0.75),
    }
    names = (
        "rho",
        "rho_ci_lo",
        "rho_ci_hi",
        "rho_p",
        "slope",
        "slope_se",
        "slope_ci_lo",
        "slope_ci_hi",
        "slope_p",
    )
    row |= dict.fromkeys(names)
    n = len(used)
    if n >= 4 and len({round(d, 9) for d in done}) > 1 and len({round(i, 9) for i in improve}) > 1:
        row |= correlation(done, improve)
    ages = [network.ages[r.enrolment.key] for _, r in used]
    whole = [i for i in range(n) if ages[i] is not None]
    if n >= 20 and len(whole) >= 20:
        row |= model([used[i] for i in whole], [float(ages[i]) for i in whole], STEP[dose])
    return row  # fmt: skip


def correlation(done: list[float], improve: list[float]) -> MartRow:
    n = len(done)
    found = stats.spearmanr([round(d, 9) for d in done], [round(i, 9) for i in improve])
    rho = float(found.statistic)
    half = Z * math.sqrt((1 + rho * rho / 2) / (n - 3)) if abs(rho) < 1 - 1e-12 else None
    limits = (
        (rho, rho) if half is None else [math.tanh(math.atanh(rho) + s * half) for s in (-1, 1)]
    )
    p = float(found.pvalue) if half is not None else 0.0
    return {
        "rho": rho,
        "rho_ci_lo": limits[0],
        "rho_ci_hi": limits[1],
        "rho_p": p if n >= 20 else None,
    }


def model(used: list[tuple[float, Outcome]], ages: list[float], step: float) -> MartRow:
    """statsmodels' own HC3, with clinics that have more than one person."""
    clinics = [r.enrolment.clinic_id for _, r in used]
    kept = [i for i, name in enumerate(clinics) if clinics.count(name) > 1]
    names = sorted({clinics[i] for i in kept})
    x = np.array([
        [used[i][0] / step, used[i][1].base, ages[i], *(float(clinics[i] == c) for c in names)] for i in kept
    ])  # fmt: skip
    fit = sm.OLS([used[i][1].improve() for i in kept], x).fit(cov_type="HC3", use_t=True)
    low, high = fit.conf_int()[0]
    return {
        "slope": fit.params[0], "slope_se": fit.bse[0], "slope_ci_lo": low, "slope_ci_hi": high,
        "slope_p": fit.pvalues[0], "n_model": len(kept),
    }  # fmt: skip
