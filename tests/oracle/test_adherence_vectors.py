"""The oracle's own adherence against the 17 published cases, so that two wrongs cannot agree."""

import json
import os
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from oracle.adherence import adherence
from oracle.definitions import Policy, read_policy
from oracle.enrolments import Enrolment, Version, duration_band
from oracle.sessions import Session

ROOT = Path(__file__).parents[2]
VECTORS = Path(os.environ.get("FOLLOWTHROUGH_SHARED", ROOT.parent / "shared"), "vectors")
START = date(2026, 1, 5)


def cases() -> list[dict[str, Any]]:
    path = VECTORS / "adherence.json"
    if not path.exists():
        return []
    return list(json.loads(path.read_text(encoding="utf-8"))["vectors"])


def enrolment_of(given: dict[str, Any], policy: Policy) -> Enrolment:
    per_week = Fraction(str(given["per_week"])) if "per_week" in given else None
    weeks = given.get("weeks")
    return Enrolment(
        key=("one",),
        clinic_id="c",
        enrolment_id="e",
        participant_key="p",
        condition="neck_pain",
        condition_group="spine_pain",
        modality="unknown",
        arm="none",
        setting="unknown",
        start=START,
        plan_type=given["plan"],
        weeks=weeks,
        band=duration_band(given["plan"], weeks, per_week),
        due_days=int(policy.exact("adherence.due_days_default")),
        versions=[Version(None, per_week, Fraction(given["minutes"]))],
        status=None,
        status_date=None,
        stop_reason=None,
        as_of=START + timedelta(days=given["as_of_day"] - 1),
    )


@pytest.mark.shared_data
@pytest.mark.skipif(not cases(), reason="the shared example vectors are not here")
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_every_expected_measure(case: dict[str, Any]) -> None:
    policy = read_policy(ROOT / "schemas" / "policy.toml")
    one = enrolment_of(case["input"], policy)
    sessions = [Session(day, Fraction(m), "completed") for day, m in case["input"]["sessions"]]
    found = adherence(one, sessions, policy, set())
    for name, value in case["expected"].items():
        if isinstance(value, float):
            assert float(found[name]) == pytest.approx(value, abs=1e-6), name
        else:
            assert found[name] == value, name
