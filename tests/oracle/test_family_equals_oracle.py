"""A clinic large enough for a family of tests: the oracle and the inference step adjust the same p-values.

The demo and the seeded worlds have too few people per condition and band for any test to be a member.
"""

import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from oracle.cells import CELL_COLUMNS
from oracle.compare import differences
from oracle.landed import read_landed
from oracle.recompute import recompute
from tests.exports import Clinic, read, run

ROOT = Path(__file__).parents[2]
SCORE = ("instrument", "version", "score_id", "visit")
START = date(2026, 1, 5)
IMPUTED = {"sens_mi_mean", "sens_mi_ci_lo", "sens_mi_ci_hi"}


def large_clinic() -> Clinic:
    """Conditions of 70, 70, 110 and 15 people on four weeks; PEG beside the pain score for a half."""
    dice = random.Random(20261122)
    clinic = Clinic("riverside", date(2026, 5, 1))
    clinic.instruments = {
        "nrs_pain": ("0-10", {"q1": "nrs"}),
        "peg": ("3", {f"q{n}": f"peg{n}" for n in (1, 2, 3)}),
    }
    told = (("neck_pain", 70, 2), ("knee_oa", 70, 1), ("stress", 110, 0), ("low_back_pain", 15, 1))
    for condition, n, better in told:
        for number in range(n):
            person = clinic.enrol(
                f"{condition}-{number}", condition_code=condition, start_date=f"{START}"
            )
            base = dice.randrange(3, 11)
            last = base - better + dice.randrange(-3, 4)
            for day, value in ((-1, base), (28, min(10, max(0, last)))):
                if day < 0 or dice.random() < 0.8:
                    pegs = {f"peg{n}": dice.randrange(0, 11) if number % 2 else "" for n in (1, 2, 3)}  # fmt: skip
                    when = START + timedelta(days=day)
                    clinic.ask(person, f"{when} 09:00", nrs=value, **pegs)
    return clinic


@pytest.mark.slow
def test_tests_sizes_codes_and_family_equal_the_oracle(tmp_path: Path) -> None:
    large_clinic().write(tmp_path)
    with run(tmp_path) as connection:
        rows = read(connection, "select * from marts.mart_outcome")
    marts = recompute(read_landed(tmp_path / "warehouse"), ROOT / "schemas")
    found = {
        (tuple(row[c] for c in CELL_COLUMNS), *(row[name] for name in SCORE)): row for row in rows
    }
    columns = {column for row in marts.outcome.values() for column in row}
    assert differences(marts.outcome, found, columns) == []
    members = [row for row in rows if row["family_id"] is not None]
    assert len(members) == 6 == members[0]["family_m"]
    assert {row["primary_test"] for row in members} == {"wilcoxon", "t"}
    assert {row["wilcoxon_method"] for row in members} == {"exact", "normal"}
    assert all(row[name] is not None for row in members for name in IMPUTED)
    assert all(row["sens_mi_ci_lo"] < row["sens_mi_mean"] < row["sens_mi_ci_hi"] for row in members)
