"""Sentences: what each code allows, and that no string shown to a person claims a cause."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.steps import wording
from flows.steps.sql_files import find_sql_files
from tests.house import ROOT, check_none, find, text_of

ROW: dict[str, Any] = {
    "suppressed": False, "n_pair": 42, "wording_code": "CHANGE_GE_MIC", "change_code": "CHANGE_GE_MIC",
    "low_completeness": False, "completeness_pct": 81.4, "improve_mean": 2.6, "improve_ci_lo": 2.1,
    "improve_ci_hi": 3.1, "change_mean": -2.6, "baseline_mean": 6.0, "mic_value": 2.0, "mic_unit": "points",
    "mic_source": "Ostelo 2008", "rtm_expected": -0.51, "n_due_baseline": 50, "sens_bocf_mean": 2.2,
    "sens_mi_mean": 2.4, "p_holm": 0.0004, "family_m": 12, "primary_test": "wilcoxon",
}  # fmt: skip


def said(**changed: Any) -> str:
    return wording.outcome_sentence({**ROW, **changed})


def coded(code: str, lower: float, upper: float) -> dict[str, Any]:
    mean = (lower + upper) / 2
    return {"wording_code": code, "change_code": code, "improve_mean": mean,
            "improve_ci_lo": lower, "improve_ci_hi": upper}  # fmt: skip


def test_each_code_has_its_sentence() -> None:
    assert said() == (
        "42 people: average improvement of 2.6 (95 % CI 2.1 to 3.1), at or above the change that patients "
        f"usually notice (2 points, Ostelo 2008). {wording.DESIGN_CAVEAT}"
    )
    assert said(**coded("NO_CLEAR_CHANGE", -0.4, 0.8)).startswith(
        "42 people: no clear average change (95 % CI -0.4 to 0.8)."
    )
    assert "average worsening of 1.0 (95 % CI 0.5 to 1.5)" in said(**coded("WORSE", -1.5, -0.5))
    assert said(wording_code="INSUFFICIENT", n_pair=13) == "13 pairs; too few to test."


def test_a_change_below_the_mic_says_how_far_below() -> None:
    below = said(**coded("CHANGE_BELOW_MIC", 0.4, 1.4))
    assert "smaller than the change patients usually notice (2 points, Ostelo 2008)" in below
    reaches = said(**coded("CHANGE_BELOW_MIC", 1.5, 3.5))
    assert "it may be smaller than the change patients usually notice" in reaches
    percent = {"mic_value": 30.0, "mic_unit": "percent"}  # of a baseline of 6: 1.8 points
    assert "; smaller than" in said(**coded("CHANGE_BELOW_MIC", 0.4, 1.4), **percent)
    assert "may be smaller" in said(**coded("CHANGE_BELOW_MIC", 1.5, 2.3), **percent)
    unknown = said(**coded("CHANGE_BELOW_MIC", 0.4, 1.4), mic_value=None, mic_unit=None)
    assert "no published change that patients usually notice is known" in unknown


def test_few_answers_stand_before_the_sentence() -> None:
    few = said(wording_code="LOW_COMPLETENESS", low_completeness=True, completeness_pct=51.7)
    assert few.startswith("Based on 52 % of people due. 42 people: average improvement")
    hidden = said(wording_code="LOW_COMPLETENESS", low_completeness=True, completeness_pct=None)
    assert hidden.startswith("Based on under 60 % of people due.")


def test_a_hidden_row_shows_no_number() -> None:
    hidden = {name: None for name in ROW} | {"suppressed": True, "wording_code": "SUPPRESSED"}
    assert wording.outcome_sentence(hidden) == "Too few people to show."
    assert wording.responder_sentence("mic", None, None, None) == "Too few people to show."
    assert wording.adherence_sentence(hidden) == "Too few people to show."
    assert wording.acute_sentence(None, None, None, None) == "Too few people to show."
    assert wording.dose_sentence(None, None, None, None) == "Too few people to show."
    assert wording.regression_sentence(hidden) is None
    assert wording.sensitivity_sentence(hidden) is None


def test_significant_is_said_of_adjusted_p_of_the_family_only() -> None:
    assert wording.significance_sentence(ROW) == (
        "Statistically significant after adjustment for 12 tests (Holm's p below 0.001, Wilcoxon's "
        "signed-rank test)."
    )
    raw = wording.significance_sentence({**ROW, "p_holm": None, "p_primary": 0.0001})
    assert "significant" not in raw
    assert wording.significance_sentence({**ROW, "p_holm": 0.2}).startswith("Not statistically")


def test_k_of_k_never_stands_alone() -> None:
    told = wording.vote_sentence(7, 11, (35.4, 84.8), 7, 0.549)
    for part in ("7 of 11", "35 to 85 %", "sign test p 0.549", wording.VOTE_CAVEAT):
        assert part in told


def sentences() -> Iterator[str]:
    """Everything that wording.py can say, through every branch."""
    for code, limits in (("NO_CLEAR_CHANGE", (-1.0, 1.0)), ("WORSE", (-2.0, -1.0)),
                         ("CHANGE_BELOW_MIC", (0.5, 1.0)), ("CHANGE_BELOW_MIC", (1.5, 3.0)),
                         ("CHANGE_GE_MIC", (2.5, 3.5))):  # fmt: skip
        for is_low in (False, True):
            yield said(**coded(code, *limits), low_completeness=is_low)
    yield said(wording_code="INSUFFICIENT")
    yield said(wording_code=None)
    yield said(**coded("CHANGE_BELOW_MIC", 0.5, 1.0), mic_value=None)
    yield from (wording.significance_sentence({**ROW, "p_holm": p}) for p in (None, 0.01, 0.5))
    yield from (wording.responder_sentence(name, 20, 40, 50.0) for name in wording.RESPONDERS)
    yield wording.regression_sentence(ROW) or ""
    yield wording.sensitivity_sentence(ROW) or ""
    yield wording.adherence_sentence({"adherence_capped_mean": 0.74, "n_evaluable": 60})
    yield wording.adherence_sentence({"adherence_capped_mean": None})
    for limits in ((None, None), (-0.5, 0.5), (0.5, 1.5)):
        yield wording.acute_sentence(30, 1.0, *limits)
    yield wording.acute_sentence(30, -1.0, -1.5, -0.5)
    yield from (wording.dose_sentence(30, r, r - 0.2, r + 0.2) for r in (-0.5, 0.0, 0.5))
    yield wording.vote_sentence(7, 11, (35.4, 84.8), 7, 0.549)
    yield wording.pool_sentence(1, 1.0, (0.5, 1.5), None)
    yield wording.pool_sentence(5, 1.0, (0.5, 1.5), (-0.2, 2.2))
    yield from (value for name, value in vars(wording).items() if name.endswith("_CAVEAT"))


def test_a_dose_is_an_association() -> None:
    assert wording.dose_sentence(30, 0.5, 0.2, 0.7).startswith("People who did more also")
    assert wording.dose_sentence(30, 0.1, -0.2, 0.4).startswith("No clear association")


# Words that say why something changed. "due" is a word of ours ("people due"): only "due to" claims a cause.
OURS = r"(?:self-massage|massage|treatment|programme|therapy|dose|session|adherence|foam rolling)s?"
CAUSAL = re.compile(
    rf"\bbecause of (?:the )?{OURS}|\bdue to (?:the )?{OURS}|\bcaused by (?:the )?{OURS}"
    rf"|\b{OURS} (?:works|caused|did it)\b|\bprove[sdn]? (?:that )?(?:it|this|an effect|the effect|{OURS})\b"
    rf"|\b{OURS} (?:that )?(?:reduce|improve|lower|relieve|ease|cause|lead|help|prevent|increase)[sd]?\b"
    r"|\b(?:in)?effective(?:ness)?\b|\bno effect\b|\bclinically meaningful\b|\bheal(?:s|ed)?\b|\bcure[sd]?\b",
    flags=re.IGNORECASE,
)
# Places that name a claim in order to forbid it, or that use such a word of files and not of people.
ALLOWED = {
    "README.md": ["Not as: the programme works."],
    "docs/analysts.md": ["No figure here says that the programme caused it."],
    "staging.enrolment_remark": ["putting the old dose back heals it"],
}


def claims(text: str, where: str = "") -> list[str]:
    """Causal words of a text, each with what stands around it."""
    text = " ".join(text.split())
    for allowed in ALLOWED.get(where, []):
        text = text.replace(allowed, "")
    return [text[max(0, m.start() - 40) : m.end() + 20] for m in CAUSAL.finditer(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Pain fell because of self-massage.", "The change is due to self-massage.", "Self-massage is effective.",
        "The programme reduces pain.", "This proves it.", "Massage works.", "Sessions helped? Massage helps.",
        "The treatment led nowhere, massage leads to relief.", "There was no effect.", "It is ineffective.",
    ],
)  # fmt: skip
def test_the_scan_knows_a_claim(text: str) -> None:
    assert claims(text)


def test_our_sentences_claim_no_cause() -> None:
    told = list(sentences())
    assert len(told) > 35
    check_none(claim for sentence in told for claim in claims(sentence))


def strings_of(path: Path) -> Iterator[str]:
    """String literals of a module, docstrings included: command line help is one."""
    for node in ast.walk(ast.parse(text_of(path))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def shown() -> Iterator[tuple[str, str]]:
    """Every string that a person may read: place, text."""
    for file in find_sql_files("staging", "facts", "marts", "ops"):
        yield file.name, " ".join([file.description, *file.columns.values()])
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
    for path in [*pages, *find("schemas", suffix=".toml"), *find("data/raw/demo", suffix=".md")]:
        yield path.relative_to(ROOT).as_posix(), text_of(path)
    for path in [*find("flows", suffix=".py"), *find("dashboards", suffix=".py")]:
        yield path.relative_to(ROOT).as_posix(), "\n".join(strings_of(path))


def test_no_string_shown_to_a_person_claims_a_cause() -> None:
    told = list(shown())
    assert len(told) > 100
    check_none(f"{where}: {claim!r}" for where, text in told for claim in claims(text, where))
