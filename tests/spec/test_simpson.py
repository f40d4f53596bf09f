"""Attack 17: every clinic does better with longer programmes, all together do worse, because the clinic that has
the long programmes has the worse patients. The plain means stand; beside them stands what a common mix says.
"""

from datetime import date
from pathlib import Path

import pytest

from tests.exports import Clinic, Row, read, run

# clinic -> improvement in four and in eight weeks, people in four and in eight weeks
MIX = {"near": ((4, 5), (60, 15)), "far": ((0, 1), (15, 60))}


def draw(mix: dict[str, tuple[tuple[int, int], tuple[int, int]]]) -> list[Clinic]:
    clinics = []
    for name, (improvements, people) in mix.items():
        clinic = Clinic(name, date(2026, 5, 3))
        for weeks, improvement, n in zip((4, 8), improvements, people, strict=True):
            for number in range(n):
                key = f"{name}{weeks}-{number}"
                clinic.enrol(key, start_date="2026-01-12", duration_weeks=weeks)
                clinic.ask(key, "2026-01-11 09:00", nrs=8)
                end = "2026-02-09" if weeks == 4 else "2026-03-09"
                clinic.ask(key, f"{end} 09:00", nrs=8 - improvement + (number % 3 - 1))
        clinics.append(clinic)
    return clinics


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Row]:
    data = tmp_path_factory.mktemp("simpson")
    for clinic in draw(MIX):
        clinic.write(data)
    with run(data) as connection:
        found = read(connection, "select * from marts.mart_standardised")
    return {(row["level"], row["duration_band"]): row for row in found}


def test_the_plain_means_rank_the_bands_the_wrong_way_round(rows) -> None:
    short, long = rows["all", "w4"], rows["all", "w8_12"]
    assert (short["improve_mean"], long["improve_mean"]) == pytest.approx((3.2, 1.8))


def test_under_a_common_mix_longer_is_better_by_what_each_clinic_shows(rows) -> None:
    short, long = rows["all", "w4"], rows["all", "w8_12"]
    assert (short["standard_mean"], long["standard_mean"]) == pytest.approx((2.0, 3.0))
    assert (short["coverage_pct"], short["k_strata"], short["n_standard"]) == (100, 2, 75)
    assert short["standard_ci_lo"] < 2.0 < short["standard_ci_hi"]


def test_the_row_warns_and_shows_both_trends(rows) -> None:
    for row in rows.values():
        assert row["simpson_warning"]
        # From four to eight weeks are two steps of bands.
        assert row["trend_within"] == pytest.approx(0.5)
        assert row["trend_crude"] == pytest.approx(-0.7)


def test_no_warning_where_the_mix_is_the_same(tmp_path: Path) -> None:
    for clinic in draw({"near": ((4, 5), (30, 30)), "far": ((0, 1), (30, 30))}):
        clinic.write(tmp_path)
    with run(tmp_path) as connection:
        found = read(connection, "select * from marts.mart_standardised")
    assert found and not any(row["simpson_warning"] for row in found)
    assert all(row["standard_mean"] == pytest.approx(row["improve_mean"]) for row in found)


def test_the_plain_trend_alone_would_not_see_it(rows) -> None:
    """The wrong variant: standardised by nothing, each band keeps its own mix and the order stays wrong."""
    wrong = {band: rows["all", band]["improve_mean"] for band in ("w4", "w8_12")}
    right = {band: rows["all", band]["standard_mean"] for band in ("w4", "w8_12")}
    assert wrong["w4"] > wrong["w8_12"] and right["w4"] < right["w8_12"]
