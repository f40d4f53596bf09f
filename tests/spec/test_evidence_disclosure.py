"""What of acute, dose and evidence may leave: no small group, also not as the difference of two published rows."""

from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from tests.exports import Clinic, Row, read, run

MARTS = (
    "mart_acute", "mart_dose_response", "mart_evidence_vote", "mart_evidence_pool", "mart_standardised",
)  # fmt: skip
ONLY = "modality = 'self_massage_only' and level = 'condition' and duration_band = 'w4'"


def draw(name: str, condition: str, n: int, n_adjunct: int) -> Clinic:
    clinic = Clinic(name, date(2026, 5, 3))
    for number in range(n + n_adjunct):
        key = f"{condition}{number}"
        modality = "self_massage_only" if number < n else "self_massage_adjunct"
        clinic.enrol(
            key, start_date="2026-01-12", condition_code=condition, modality=modality, age=50
        )
        for day in range(13, 14 + number % 5):
            clinic.log(key, f"2026-01-{day} 18:00", pain_pre=5, pain_post=5 - number % 3)
        clinic.ask(key, "2026-01-11 09:00", nrs=8)
        clinic.ask(key, "2026-02-09 09:00", nrs=8 - number % 4)
    return clinic


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]]:
    """The analyst's and the published marts of a network with small rests."""
    data = tmp_path_factory.mktemp("disclosed")
    plan = {"a": (("neck_pain", 24, 4), ("knee_oa", 24, 0)), "b": (("neck_pain", 24, 0), ("knee_oa", 24, 0)),
            "c": (("stress", 8, 0), ("knee_oa", 9, 0))}  # fmt: skip
    for name, cohorts in plan.items():
        clinic = Clinic(name, date(2026, 5, 3))
        for cohort in cohorts:
            drawn = draw(name, *cohort)
            for table, rows in drawn.rows.items():
                clinic.rows[table] += rows
            clinic.instruments = drawn.instruments
        clinic.write(data)
    with run(data) as analyst:
        path = str(data / "warehouse" / "dashboard.duckdb")
        with duckdb.connect(path, read_only=True) as dashboard:
            yield analyst, dashboard


def pools(connection: duckdb.DuckDBPyConnection) -> dict[str, Row]:
    rows = read(connection, f"select * from marts.mart_evidence_pool where {ONLY}")
    return {row["condition"]: row for row in rows}


def test_no_small_number_of_people_is_published(both) -> None:
    for mart in MARTS:
        rows = read(both[1], f"select * from marts.{mart}")
        assert rows
        few = {name for row in rows for name, value in row.items()
               if name.startswith("n_") and value is not None and 1 <= value <= 10}  # fmt: skip
        assert few == set(), mart


def test_a_pool_of_few_is_hidden_where_a_clinics_own_row_would_leave_few(both) -> None:
    """Clinic `a` also has four people of another modality: its own row less its part of the pool are these."""
    known, shown = pools(both[0])["neck_pain"], pools(both[1])["neck_pain"]
    assert (known["k_clinics"], known["n_apart"], known["n_persons"]) == (2, 4, 48)
    assert known["pooled_mean"] is not None
    hidden = [name for name in known if known[name] is not None and shown[name] is None]
    assert {"pooled_mean", "pooled_ci_lo", "tau2", "dl_mean", "n_persons", "n_apart"} <= set(hidden)
    assert shown["suppressed"] and shown["suppression_reason"] == "n_below_threshold"
    # The wrong variant: the people pooled are many, and by their number alone it would have been shown.
    assert known["n_persons"] >= 11


def test_a_clinic_that_is_too_small_shows_only_as_one_left_out(both) -> None:
    known, shown = pools(both[0])["knee_oa"], pools(both[1])["knee_oa"]
    assert (known["k_clinics"], known["k_left_out"], known["n_unused"]) == (2, 1, 9)
    assert (shown["k_left_out"], shown["n_unused"]) == (1, None)
    # 57 pairs are published in mart_outcome: 48 pooled would leave the nine.
    assert shown["n_persons"] is None
    assert shown["pooled_mean"] == known["pooled_mean"]


def test_a_cohort_that_is_too_small_has_no_figures(both) -> None:
    shown = pools(both[1])["stress"]
    assert (shown["k_clinics"], shown["k_left_out"], shown["pooled_mean"]) == (0, 1, None)
    [row] = read(
        both[1],
        "select * from marts.mart_acute where level = 'condition' and condition = 'stress' and"
        " duration_band = 'w4' and modality = 'all' and arm = 'all' and setting = 'all' and clinic_id = 'all'",
    )
    assert (row["n_persons"], row["improve_mean"], row["suppressed"]) == (None, None, True)


def test_the_published_count_of_the_review_stays(both) -> None:
    [row] = read(
        both[1], "select * from marts.mart_evidence_vote where source = 'published_reference'"
    )
    assert (row["label"], row["suppressed"]) == ("7 of 11", False)
    assert row["pct_improved_sig_ci_lo"] == pytest.approx(35.38, abs=0.01)


def test_votes_are_shown_with_the_size_of_their_smallest_cohort(both) -> None:
    rows = read(both[1], f"select * from marts.mart_evidence_vote where {ONLY}")
    by_condition = {row["condition"]: row for row in rows}
    assert by_condition["neck_pain"]["label"] == "2 of 2"
    assert by_condition["neck_pain"]["n_smallest_unit"] == 24
    assert (by_condition["stress"]["label"], by_condition["stress"]["k_insufficient"]) == (
        "0 of 0",
        1,
    )
