"""The inference step by itself: facts and cells in, one row per cell x score x visit out."""

from typing import Any

import duckdb
import numpy as np
import pytest
from scipy import stats

from flows.steps.infer import infer

TABLES = """
create schema ref;
create schema facts;
attach ':memory:' as staging;
create table ref.policy (key varchar, value double, text varchar);
insert into ref.policy values ('outcome.interval_level', 0.95, null), ('outcome.imputations', 20, null),
    ('outcome.min_pairs_test', 20, null), ('outcome.t_min_pairs', 30, null),
    ('outcome.min_completeness_pct', 60, null), ('regression_to_mean.scores', null, 'nrs.score'),
    ('regression_to_mean.mean', 5, null), ('regression_to_mean.sd', 2, null),
    ('regression_to_mean.cutoff', 4, null), ('regression_to_mean.correlation', 0.5, null);
create table staging.outcome_score as
    select 1::smallint as score_no, 'nrs' as instrument, '1' as version, 'score' as score_id, 'higher_worse' as direction,
        'wilcoxon' as declared_test, 2.0 as mic_value, 'points' as mic_unit, false as is_change_score;
create table staging.outcome_visit as select 1::smallint as visit_no, 'EOP' as visit;
create table staging.outcome_family (cell_no integer, domain varchar, score_no smallint, visit_no smallint,
    declared_test varchar);
create table staging.outcome_cell_size (cell_no integer, condition varchar, duration_band varchar);
create table facts.fct_enrolment (enrolment_no integer, age_band varchar);
create table facts.fct_adherence_figure (enrolment_no integer, adherence_capped double);
create table staging.outcome_stratum (enrolment_no integer, stratum_no integer);
create table staging.outcome_cell as select * from (values
    (1, 1, 1), (2, 1, 2), (1, 2, 3), (2, 2, 3)) as t(stratum_no, cell_kind, cell_no);
create table facts.fct_outcome_figure (enrolment_no integer, score_no smallint, visit_no smallint, aval double, base double, improve double, pchg double,
    is_due boolean);
create table staging.outcome_count (cell_no integer, score_no smallint, visit_no smallint, n_pair bigint, n_due bigint, n_visit_due bigint,
    n_pair_due bigint, n_due_baseline bigint, n_eligible_resp bigint, n_worse_mic bigint,
    n_resp_mic_pair bigint, n_resp_mic_due bigint, n_resp_mic_eligible bigint,
    n_resp_r30_pair bigint, n_resp_r30_due bigint, n_resp_r30_eligible bigint,
    n_resp_r50_pair bigint, n_resp_r50_due bigint, n_resp_r50_eligible bigint);
"""


def inferred(
    pairs: dict[int, list[tuple[float, float]]], family: tuple[int, ...] = (),
    unanswered: dict[int, int] | None = None,
) -> dict[int, dict[str, Any]]:  # fmt: skip
    """Stratum -> pairs; cells 1 and 2 are the two strata, cell 3 both. Returns rows by cell.

    `unanswered`: stratum -> people due with a baseline of 8 who did not answer.
    """
    connection = duckdb.connect()
    connection.execute(TABLES)
    missing = unanswered or {}
    scores = [
        (stratum, base, aval)
        for stratum, told in pairs.items()
        for base, aval in [*told, *[(8.0, None)] * missing.get(stratum, 0)]
    ]
    for number, (stratum, base, aval) in enumerate(scores, start=1):
        connection.execute("insert into staging.outcome_stratum values (?, ?)", [number, stratum])
        improve = None if aval is None else base - aval
        connection.execute(
            "insert into facts.fct_outcome_figure values (?, 1, 1, ?, ?, ?, ?, true)",
            [number, aval, base, improve, None if improve is None else -100 * improve / base],
        )
    for cell, strata in ((1, (1,)), (2, (2,)), (3, (1, 2))):
        n = sum(len(pairs[stratum]) for stratum in strata)
        n_due = n + sum(missing.get(stratum, 0) for stratum in strata)
        connection.execute(
            "insert into staging.outcome_count by name select ? as cell_no, 1 as score_no,"
            " 1 as visit_no, ? as n_pair, ? as n_due,"
            " ? as n_pair_due, ? as n_due_baseline, 1 as n_resp_mic_pair",
            [cell, n, n_due, n, n_due],
        )
    for cell in family:
        connection.execute(
            "insert into staging.outcome_family values (?, 'pain', 1, 1, 'wilcoxon')",
            [cell],
        )
        connection.execute("insert into staging.outcome_cell_size values (?, 'knee', 'w4')", [cell])
    infer(connection)
    found = connection.execute("from staging.outcome_inference order by cell_no")
    names = [column[0] for column in found.description]
    return {row[0]: dict(zip(names, row, strict=True)) for row in found.fetchall()}


FIRST = [(8.0, 4.0), (6.0, 5.0), (7.0, 5.5)]
SECOND = [(9.0, 9.0)]


def test_each_cell_has_the_moments_of_its_strata() -> None:
    rows = inferred({1: FIRST, 2: SECOND})
    improve = np.array([4.0, 1.0, 1.5])
    assert rows[1]["improve_mean"] == pytest.approx(improve.mean())
    assert rows[1]["improve_sd"] == pytest.approx(improve.std(ddof=1))
    assert rows[3]["visit_mean"] == pytest.approx((4 + 5 + 5.5 + 9) / 4)
    assert rows[3]["baseline_mean"] == 7.5
    r = np.corrcoef([8, 6, 7, 9], [4, 5, 5.5, 9])[0, 1]
    assert rows[3]["r_pre_post"] == pytest.approx(r)


def test_change_is_improvement_seen_from_the_score() -> None:
    row = inferred({1: FIRST, 2: SECOND})[1]
    assert row["change_mean"] == -row["improve_mean"]
    assert row["change_sd"] == row["improve_sd"]
    assert (row["change_ci_lo"], row["change_ci_hi"]) == (
        -row["improve_ci_hi"], -row["improve_ci_lo"],
    )  # fmt: skip


def test_what_is_not_known_is_null_and_not_nan() -> None:
    row = inferred({1: FIRST, 2: SECOND})[2]
    assert row["improve_mean"] == 0.0
    unknown = ("improve_sd", "improve_ci_lo", "r_pre_post", "pct_resp_r30_due_ci_lo")
    assert [row[name] for name in unknown] == [None] * 4


def test_a_responder_share_has_its_wilson_interval_in_percent() -> None:
    row = inferred({1: FIRST, 2: SECOND})[1]
    limits = (row["pct_resp_mic_pair_ci_lo"], row["pct_resp_mic_pair_ci_hi"])
    assert limits == pytest.approx((6.14919, 79.23404), abs=1e-5)


def test_equal_changes_have_no_spread_whatever_the_floats_say() -> None:
    row = inferred({1: [(3.3, 2.3), (2.3, 1.3), (1.1, 0.1)], 2: SECOND})[1]
    assert (row["improve_sd"], row["improve_ci_lo"], row["improve_ci_hi"]) == (0.0, 1.0, 1.0)


def test_no_scores_at_all_is_an_empty_table() -> None:
    connection = duckdb.connect()
    connection.execute(TABLES)
    infer(connection)
    assert connection.execute("select count(*) from staging.outcome_inference").fetchall() == [(0,)]


def test_a_missing_policy_is_named() -> None:
    connection = duckdb.connect()
    connection.execute(TABLES)
    connection.execute("delete from ref.policy")
    with pytest.raises(KeyError, match="interval_level"):
        infer(connection)


FEW, MANY = [(8.0, 6.5)] * 19, [(8.0 + n % 3, 6.5 - n % 4) for n in range(24)]


def test_no_test_below_twenty_pairs() -> None:
    """Attack 11: nineteen pairs have a mean and an interval, no p, and nothing is said of them."""
    row = inferred({1: FEW, 2: MANY})[1]
    assert (row["improve_mean"], row["improve_ci_lo"]) == (1.5, 1.5)
    untested = ("p_t", "p_wilcoxon", "n_zero", "hl_median", "primary_test", "p_primary", "p_holm")
    assert [row[name] for name in untested] == [None] * 7
    assert (row["wording_code"], row["change_code"]) == ("INSUFFICIENT", None)


def test_twenty_pairs_are_tested_and_the_mean_of_regression_stands_beside() -> None:
    row = inferred({1: FEW, 2: MANY})[2]
    improve = np.array([base - aval for base, aval in MANY])
    assert row["p_t"] == pytest.approx(stats.ttest_1samp(improve, 0).pvalue, rel=1e-9)
    assert row["p_wilcoxon"] == pytest.approx(
        stats.wilcoxon(improve, method="exact").pvalue, rel=0.1
    )
    assert (row["primary_test"], row["wilcoxon_method"], row["n_zero"]) == ("wilcoxon", "exact", 0)
    assert row["hl_ci_lo"] <= row["hl_median"] <= row["hl_ci_hi"]
    assert row["rtm_expected"] == pytest.approx(-0.5092, abs=5e-5)
    assert row["wording_code"] == row["change_code"] == "CHANGE_GE_MIC"


def test_equal_changes_are_tested_by_their_ranks() -> None:
    """There is no t where nothing varies, and no standardised size; the ranks still tell."""
    row = inferred({1: [(8.0, 6.0)] * 25, 2: MANY})[1]
    assert (row["p_t"], row["srm"], row["srm_ci_lo"], row["g_av"]) == (None,) * 4
    assert row["p_primary"] == pytest.approx(2 * 0.5**25)


def test_a_member_of_the_family_is_adjusted_and_others_are_not() -> None:
    rows = inferred({1: MANY, 2: [(8.0, 7.0 + n % 3) for n in range(21)]}, family=(1, 2))
    assert [rows[cell]["family_m"] for cell in (1, 2, 3)] == [2, 2, None]
    assert rows[1]["family_id"] == "mart_outcome.primary"
    smaller, larger = sorted(rows[cell]["p_primary"] for cell in (1, 2))
    assert sorted(rows[cell]["p_holm"] for cell in (1, 2)) == [min(1, 2 * smaller), larger]
    assert rows[3]["p_holm"] is None and rows[3]["p_primary"] is not None


def test_no_answer_is_counted_in_the_sensitivity_columns() -> None:
    rows = inferred({1: MANY, 2: SECOND}, family=(1,), unanswered={1: 8})
    total = sum(base - aval for base, aval in MANY)
    assert rows[1]["sens_bocf_mean"] == pytest.approx(total / 32)
    assert rows[1]["sens_mi_ci_lo"] < rows[1]["sens_mi_mean"] < rows[1]["sens_mi_ci_hi"]
    assert rows[1]["sens_mi_mean"] == pytest.approx(rows[1]["improve_mean"], abs=0.5)
    again = inferred({1: MANY, 2: SECOND}, family=(1,), unanswered={1: 8})
    assert rows[1] == again[1]
