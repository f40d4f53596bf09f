"""The inference step by itself: facts and cells in, one row per cell x score x visit out."""

from typing import Any

import duckdb
import numpy as np
import pytest

from flows.steps.infer import infer

TABLES = """
create schema ref;
create schema facts;
attach ':memory:' as staging;
create table ref.policy as select 'outcome.interval_level' as key, 0.95 as value;
create table staging.outcome_score as
    select 'nrs' as instrument, '1' as version, 'score' as score_id, 'higher_worse' as direction;
create table staging.outcome_stratum (enrolment_no integer, stratum_no integer);
create table staging.outcome_cell as select * from (values
    (1, 1, 1), (2, 1, 2), (1, 2, 3), (2, 2, 3)) as t(stratum_no, cell_kind, cell_no);
create table facts.fct_outcome (enrolment_no integer, instrument varchar, version varchar,
    score_id varchar, visit varchar, aval double, base double, improve double, pchg double);
create table staging.outcome_count (cell_no integer, instrument varchar, version varchar,
    score_id varchar, visit varchar, n_pair bigint, n_due bigint, n_eligible_resp bigint,
    n_resp_mic_pair bigint, n_resp_mic_due bigint, n_resp_mic_eligible bigint,
    n_resp_r30_pair bigint, n_resp_r30_due bigint, n_resp_r30_eligible bigint,
    n_resp_r50_pair bigint, n_resp_r50_due bigint, n_resp_r50_eligible bigint);
"""


def inferred(pairs: dict[int, list[tuple[float, float]]]) -> dict[int, dict[str, Any]]:
    """Stratum -> pairs; cells 1 and 2 are the two strata, cell 3 both. Returns rows by cell."""
    connection = duckdb.connect()
    connection.execute(TABLES)
    number = 0
    for stratum, scores in pairs.items():
        for base, aval in scores:
            number += 1
            connection.execute(
                "insert into staging.outcome_stratum values (?, ?)", [number, stratum]
            )
            connection.execute(
                "insert into facts.fct_outcome values (?, 'nrs', '1', 'score', 'EOP', ?, ?, ?, ?)",
                [number, aval, base, base - aval, 100 * (aval - base) / base],
            )
    for cell, n in ((1, len(pairs[1])), (2, len(pairs[2])), (3, number)):
        connection.execute(
            "insert into staging.outcome_count by name select ? as cell_no, 'nrs' as instrument,"
            " '1' as version, 'score' as score_id, 'EOP' as visit, ? as n_pair, ? as n_due,"
            " 1 as n_resp_mic_pair",
            [cell, n, n],
        )
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
