"""The published cases of adherence from export files to the facts and the mart of one run.

Every case is a clinic of its own, because each has its own as-of day.
"""

import json
import os
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.exports import Clinic, read, run

SHARED = Path(os.environ.get("FOLLOWTHROUGH_SHARED", Path(__file__).parents[3] / "shared"))
START = date(2026, 1, 5)
Warehouse = duckdb.DuckDBPyConnection
ALL = " and ".join(
    f"{name} = 'all'" for name in ("level", "duration_band", "modality", "arm", "setting")
)


def find_cases() -> list[dict[str, Any]]:
    path = SHARED / "vectors" / "adherence.json"
    if not path.exists():
        return []
    return list(json.loads(path.read_text("utf-8"))["vectors"])


def day(number: int, start: date = START) -> str:
    """The date of a programme day; 0 and below lie before the start."""
    return (start + timedelta(days=number - 1)).isoformat()


def clinic_of(case: dict[str, Any]) -> Clinic:
    """One case as the exports of one clinic."""
    given = case["input"]
    clinic = Clinic(
        re.sub(r"\W+", "-", case["id"]).strip("-"), START + timedelta(days=given["as_of_day"] - 1)
    )
    plan = {"plan_type": given["plan"], "duration_weeks": given.get("weeks", "")}
    plan |= {
        "sessions_per_week": given.get("per_week", ""),
        "minutes_per_session": given["minutes"],
    }
    clinic.enrol("someone", enrolment_id=case["id"], start_date=day(1), **plan)
    for number, (when, minutes) in enumerate(given["sessions"]):
        clinic.log("someone", f"{day(when)} {8 + number % 12:02}:00", minutes=minutes)
    return clinic


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    data = tmp_path_factory.mktemp("exports")
    for clinic in map(clinic_of, find_cases()):
        clinic.write(data)
    with run(data) as connection:
        yield connection


@pytest.mark.shared_data
@pytest.mark.skipif(not find_cases(), reason="the shared vectors are not here")
@pytest.mark.parametrize("case", find_cases(), ids=lambda case: case["id"])
def test_every_published_case_through_exports_and_a_run(
    case: dict[str, Any], published: Warehouse
) -> None:
    (row,) = read(
        published, f"select * from facts.fct_adherence where enrolment_id = '{case['id']}'"
    )
    for name, expected in case["expected"].items():
        if isinstance(expected, float):
            assert row[name] == pytest.approx(expected, abs=1e-6), name
        else:
            assert row[name] == expected, name
            assert isinstance(row[name], bool) is isinstance(expected, bool), name


# Rates of mart_adherence: numerator (NULL: a mean or a curve has none), denominator, what is left out.
RATES: dict[str, tuple[str | None, str, tuple[str, ...]]] = {
    "pct_initiated": ("n_initiated", "n_initiation_evaluable", ("n_initiation_excluded",)),
    "adherence_capped": (None, "n_evaluable", ("n_adherence_excluded",)),
    "adherence_pooled": ("sessions_capped_sum", "sessions_expected_sum", ("n_adherence_excluded",)),
    "minutes_adherence": (None, "n_minutes_evaluable", ("n_minutes_excluded",)),
    "pct_adherent80": ("n_adherent80", "n_adherent80_evaluable", ("n_adherence_excluded",)),
    "pct_final_adherent80": ("n_final_adherent80", "n_final_evaluable", ("n_final_excluded",)),
    "over_adherent_pct": ("weeks_over_adherent_sum", "weeks_matured_sum", ("weeks_excused_sum", "weeks_not_observed_sum")),
    "pct_recalled_logs": ("logs_recalled_sum", "logs_recall_known_sum", ("logs_recall_unknown_sum",)),
    **{f"persist_w{week}": (None, f"persist_w{week}_n_at_risk", ("n_persistence_excluded",)) for week in (1, 2, 4, 8, 12)},
}  # fmt: skip


def test_every_rate_has_its_numerator_its_denominator_and_what_is_left_out(
    published: Warehouse,
) -> None:
    rows = read(published, "select * from marts.mart_adherence")
    is_rate = re.compile(r"^pct_|_pct$|^adherence_(?!null)|^minutes_adherence|^persist_w\d+")
    rates = {
        re.sub(r"_(mean|median|q1|q3|ci_lo|ci_hi|n_at_risk)$", "", name)
        for name in rows[0]
        if is_rate.search(name)
    }
    assert rates == RATES.keys()
    for row in rows:
        for name, (part, whole, excluded) in RATES.items():
            assert all(row[column] is not None for column in excluded), name
            if part and row[name] is not None:
                share = row[name] / 100 if "pct" in name else row[name]
                assert share == pytest.approx(row[part] / row[whole], abs=1e-12), name
        judged = row["n_enrolled"] - row["n_single_excluded"]
        for kept in ("initiation", "adherence", "minutes", "persistence"):
            whole = {"adherence": "n_evaluable", "persistence": "n_persistence"}.get(
                kept, f"n_{kept}_evaluable"
            )
            assert row[whole] + row[f"n_{kept}_excluded"] == judged
