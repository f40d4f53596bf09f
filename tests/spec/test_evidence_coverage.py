"""The interval of the pooled effect holds what it promises: 10,000 drawn networks through the inference step."""

import numpy as np
import polars as pl
import pytest

from flows.steps.evidence_pairs import STRATUM, to_pairs
from flows.steps.infer_evidence import Rules, cohorts, pools
from flows.steps.infer_tables import dense

DRAWS, CLINICS, PEOPLE = 10_000, 6, 20
TRUTH, BETWEEN, WITHIN = 1.0, 0.5, 1.5


def draws(seed: int) -> pl.DataFrame:
    """One drawn network per condition: clinic means around the truth, people around their clinic."""
    dice = np.random.default_rng(seed)
    clinic_mean = dice.normal(TRUTH, BETWEEN, (DRAWS, CLINICS, 1))
    improve = dice.normal(clinic_mean, WITHIN, (DRAWS, CLINICS, PEOPLE))
    draw, clinic, _ = np.indices(improve.shape)
    n = improve.size
    base = dice.normal(6, 1.5, n)
    fixed = {
        "start_date": None, "condition_group": "g", "duration_band": "w4", "modality": "self_massage_only",
        "domain": "pain_intensity", "domain_rank": 1, "instrument": "nrs_pain", "version": "0-10",
        "score_id": "score", "visit": "EOP", "declared_test": "wilcoxon",
    }  # fmt: skip
    return pl.DataFrame({
        "person_no": np.arange(n), "clinic_id": clinic.ravel().astype(str),
        "condition": draw.ravel().astype(str), "improve": improve.ravel(), "base": base,
        "aval": base - improve.ravel(),
    }).with_columns(**{name: pl.lit(value) for name, value in fixed.items()})  # fmt: skip


@pytest.fixture(scope="module")
def found() -> pl.DataFrame:
    rows = draws(20261122)
    pairs = to_pairs(rows, *dense(*(rows[name] for name in STRATUM)))
    return pools(cohorts(pairs, "condition", "band"), Rules(0.95, 11, 5))


@pytest.mark.slow
def test_hartung_knapp_covers(found: pl.DataFrame) -> None:
    assert found.height == DRAWS
    held = (found["pooled_ci_lo"] <= TRUTH) & (found["pooled_ci_hi"] >= TRUTH)
    assert held.mean() >= 0.94


@pytest.mark.slow
def test_the_wald_interval_would_not(found: pl.DataFrame) -> None:
    """The wrong variant: with six clinics its 95 percent are fewer."""
    half = 1.959963984540054 * found["pooled_se"]
    held = (found["pooled_mean"] - TRUTH).abs() <= half
    assert held.mean() < 0.94
