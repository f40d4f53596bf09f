"""What may be said: the one source of every sentence about a figure.

Whoever shows a figure (report, command line, exports) takes its sentence from here. Design is always before
and after without a control group, so no sentence says why anything changed; a test looks through all of them
for words that do. Numbers come as the marts publish them: None where a figure is hidden or not observed.
"""

from collections.abc import Mapping
from typing import Any

from flows.steps.wording_codes import CHANGE_GE_MIC, INSUFFICIENT, NO_CLEAR_CHANGE, WORSE

DESIGN_CAVEAT = (
    "Before-and-after comparison without a control group. Part of any change comes from natural course, "
    "regression to the mean, other care and who answered."
)
COMPLETE_CASES_CAVEAT = "The average is over people with both scores; those who did not answer may have fared otherwise."
VOTE_CAVEAT = "Counting significant results says nothing about size, and depends on sample size."
SIGN_TEST_CAVEAT = (
    "The sign test counts directions and ignores how large or how certain each change is."
)
DOSE_CAVEAT = "People were not assigned to a dose. Those who feel worse may stop, and so may those who have recovered."
ACUTE_CAVEAT = (
    "Scores right before and right after a session; they say nothing about the weeks after, and are not "
    "comparable with the end of the programme."
)
ADHERENCE_CAVEAT = (
    "Sessions are as logged. Everyone enrolled counts, also those who logged nothing; "
    "a threshold of 80 percent is a convention."
)
POOL_CAVEAT = "Clinics differ in whom they treat and in what else they do; the prediction interval shows how much."
SRM_CAVEAT = (
    "A standardised response mean grows with the correlation of the two scores: "
    "do not compare it across questionnaires."
)


def outcome_sentence(row: Mapping[str, Any]) -> str:
    """One row of mart_outcome, analyst's or disclosed, as one sentence; ends with the fixed caveat."""
    if row.get("wording_code") == "SUPPRESSED":
        return "Too few people to show."
    if row.get("n_pair") is None or row.get("wording_code") is None:
        return "No change is computed for this visit."
    if row["wording_code"] == INSUFFICIENT:
        return f"{row['n_pair']} pairs; too few to test."
    said = f"{row['n_pair']} people: {_change_sentence(row)}"
    return f"{_completeness_prefix(row)}{said} {DESIGN_CAVEAT}"


def _completeness_prefix(row: Mapping[str, Any]) -> str:
    if not row.get("low_completeness"):
        return ""
    share = row.get("completeness_pct")
    told = "under 60 %" if share is None else f"{share:.0f} %"
    return f"Based on {told} of people due. "


def _change_sentence(row: Mapping[str, Any]) -> str:
    """What the interval of the mean improvement allows to be said."""
    mean, interval = (
        float(row["improve_mean"]),
        _interval(row["improve_ci_lo"], row["improve_ci_hi"]),
    )
    sentences = {
        NO_CLEAR_CHANGE: f"no clear average change ({interval}).",
        WORSE: f"average worsening of {abs(mean):.1f} {_worse_interval(row)}.",
        CHANGE_GE_MIC: f"average improvement of {mean:.1f} ({interval}), at or above the change that "
        f"patients usually notice ({_mic(row)}).",
    }
    weaker = (
        f"average scores changed by {mean:.1f} for the better ({interval}); {_against_mic(row)}."
    )
    return sentences.get(row["change_code"], weaker)


def _against_mic(row: Mapping[str, Any]) -> str:
    """A change that is not wholly at or above the MIC, held against it."""
    if row.get("mic_value") is None:
        return "no published change that patients usually notice is known for this score"
    mic = float(row["mic_value"])
    if row.get("mic_unit") == "percent":
        mic *= float(row["baseline_mean"]) / 100
    if float(row["improve_mean"]) < mic:
        return f"smaller than the change patients usually notice ({_mic(row)})"
    return f"it may be smaller than the change patients usually notice ({_mic(row)})"


def _mic(row: Mapping[str, Any]) -> str:
    if row.get("mic_value") is None:
        return "unknown"
    unit = " %" if row.get("mic_unit") == "percent" else " points"
    return f"{float(row['mic_value']):g}{unit}, {row['mic_source']}"


def _interval(lower: float, upper: float) -> str:
    return f"95 % CI {float(lower):.1f} to {float(upper):.1f}"


def _worse_interval(row: Mapping[str, Any]) -> str:
    return f"({_interval(-float(row['improve_ci_hi']), -float(row['improve_ci_lo']))})"


def significance_sentence(row: Mapping[str, Any]) -> str:
    """The test of one row. "Significant" is said of the adjusted p of a family member only."""
    if row.get("p_holm") is None:
        return "Not one of the tests that were fixed beforehand; its p-value is descriptive."
    verdict = (
        "statistically significant"
        if float(row["p_holm"]) < 0.05
        else "not statistically significant"
    )
    name = "paired t test" if row.get("primary_test") == "t" else "Wilcoxon's signed-rank test"
    return (
        f"{verdict[0].upper()}{verdict[1:]} after adjustment for {int(row['family_m'])} tests "
        f"(Holm's p {_p(row['p_holm'])}, {name})."
    )


def _p(value: float) -> str:
    return "below 0.001" if float(value) < 0.001 else f"{float(value):.3f}"


def responder_sentence(name: str, n: int | None, of: int | None, percent: float | None) -> str:
    """A responder share with numerator and denominator, missing answers counted as no response."""
    if n is None or of is None or percent is None:
        return "Too few people to show."
    return f"{n} of {of} people due ({percent:.0f} %) {RESPONDERS[name]}; no answer counts as no response."


RESPONDERS = {
    "mic": "improved by the change patients usually notice, or more",
    "r30": "improved by 30 percent or more",
    "r50": "improved by 50 percent or more",
}


def regression_sentence(row: Mapping[str, Any]) -> str | None:
    """What the mean would show by itself; None where no distribution is assumed for the score."""
    if row.get("rtm_expected") is None or row.get("change_mean") is None:
        return None
    return (
        f"A change of about {float(row['rtm_expected']):.1f} would be expected without any treatment if people "
        f"enrol because pain is bad (assumed distribution); observed: {float(row['change_mean']):.1f}."
    )


def sensitivity_sentence(row: Mapping[str, Any]) -> str | None:
    """The mean when those who did not answer are counted; None where nothing is known of them."""
    if row.get("sens_bocf_mean") is None:
        return None
    told = f"Counting no answer as no change, the average improvement is {float(row['sens_bocf_mean']):.1f}"
    if row.get("sens_mi_mean") is not None:
        told += f"; with multiple imputation {float(row['sens_mi_mean']):.1f}"
    return f"{told} (n = {row['n_due_baseline']})."


def adherence_sentence(row: Mapping[str, Any]) -> str:
    """One row of mart_adherence."""
    if row.get("adherence_capped_mean") is None or row.get("n_evaluable") is None:
        return "Too few people to show." if row.get("suppressed") else "No adherence is computed."
    share = 100 * float(row["adherence_capped_mean"])
    return (
        f"{row['n_evaluable']} people did on average {share:.0f} % of the sessions that were due. "
        f"{ADHERENCE_CAVEAT}"
    )


def acute_sentence(
    n_persons: int | None, mean: float | None, lower: float | None, upper: float | None
) -> str:
    """Change within a session, averaged by person first. `mean` is positive where pain is lower afterwards."""
    if n_persons is None or mean is None:
        return "Too few people to show."
    if lower is None or upper is None:
        return f"{n_persons} people; too few to test."
    if lower <= 0 <= upper:
        said = f"no clear average difference between before and after a session ({_interval(lower, upper)})"
    else:
        side = "lower" if mean > 0 else "higher"
        low, high = sorted((abs(lower), abs(upper)))
        said = f"pain right after a session was on average {abs(mean):.1f} points {side} ({_interval(low, high)})"
    return f"{n_persons} people: {said}. {ACUTE_CAVEAT}"


def dose_sentence(
    n: int | None, rho: float | None, lower: float | None, upper: float | None
) -> str:
    """Rank correlation of dose up to the assessment with improvement."""
    if n is None or rho is None or lower is None or upper is None:
        return "Too few people to show."
    told = f"Spearman's rho {rho:.2f}, 95 % CI {lower:.2f} to {upper:.2f}, n = {n}"
    if lower <= 0 <= upper:
        said = f"No clear association between how much people did and how their scores changed ({told})."
    elif rho > 0:
        said = f"People who did more also improved more on average ({told})."
    else:
        said = f"People who did more also improved less on average ({told})."
    return f"{said} {DOSE_CAVEAT}"


def vote_sentence(
    k_improved: int, k_units: int, wilson: tuple[float, float], k_direction: int, sign_p: float
) -> str:
    """k of K cohorts, never without its interval, the directions and the caveat. `wilson` in percent."""
    return (
        f"{k_improved} of {k_units} cohorts had a statistically significant average improvement "
        f"({wilson[0]:.0f} to {wilson[1]:.0f} %, Wilson 95 % CI); {k_direction} of {k_units} changed in that "
        f"direction (sign test p {_p(sign_p)}). {VOTE_CAVEAT} {SIGN_TEST_CAVEAT}"
    )


def pool_sentence(
    k: int, effect: float, interval: tuple[float, float], prediction: tuple[float, float] | None
) -> str:
    """Pooled mean improvement of k clinics; below two nothing is pooled."""
    if k < 2:
        return "One clinic only: nothing is pooled."
    said = f"Pooled over {k} clinics: average improvement of {effect:.1f} ({_interval(*interval)})"
    if prediction is not None:
        said += f"; for a new clinic {prediction[0]:.1f} to {prediction[1]:.1f}"
    return f"{said}. {POOL_CAVEAT} {DESIGN_CAVEAT}"
