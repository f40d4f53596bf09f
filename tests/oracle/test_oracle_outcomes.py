"""Windows, baselines, scores, responders and figures of the oracle, worked out on paper."""

from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from oracle.builders import POLICY, START, enrolment_of, form_of
from oracle.definitions import Score, read_instruments
from oracle.figures import mean_interval, median_survival, quantile, sd, survival, t_quantile
from oracle.outcomes import Outcome
from oracle.scores import Response, score_value, scores_of
from oracle.sessions import Session
from oracle.visits import candidates_of, selected_visits, study_day, windows_of


def test_study_days_have_no_zero() -> None:
    assert [study_day(START + timedelta(days=d), START) for d in (-1, 0, 1)] == [-1, 1, 2]


def test_windows_by_length_of_the_plan() -> None:
    four = {w.visit: w for w in windows_of(enrolment_of(), POLICY)}
    assert set(four) == {"BASELINE", "WK2", "WK4", "WK26", "EOP"}
    assert (four["EOP"].low, four["EOP"].target, four["EOP"].high) == (24, 29, 35)
    single = windows_of(enrolment_of(plan_type="single_session", weeks=None), POLICY)
    assert [w.visit for w in single] == ["BASELINE", "FU1W", "WK26"]


def visits_of(forms: list[Response], sessions: list[Session], **given: Any) -> dict[str, float]:
    one = enrolment_of(**given)
    [candidates] = candidates_of(one, forms).values()
    chosen = selected_visits(one, candidates, sessions, POLICY, None)
    return {visit: candidate.value for visit, candidate in chosen.items()}


def test_the_last_form_before_the_first_session_is_the_baseline() -> None:
    early, late = form_of(START - timedelta(days=9), 8, 1), form_of(START, 6, 2)
    at = datetime(START.year, START.month, START.day, 8, 30)
    session = Session(1, Fraction(20), "completed", START, at)
    assert visits_of([early, late], []) == {"BASELINE": 6}
    assert visits_of([early, late], [session]) == {"BASELINE": 8}
    with pytest.raises(ValueError, match="not enough values"):
        visits_of([], [])


def test_nearest_to_target_then_the_later_and_one_form_may_serve_two_visits() -> None:
    forms = [form_of(START + timedelta(days=d), d, d) for d in (26, 30)]
    assert visits_of(forms, []) == {"WK4": 30, "EOP": 30}


def test_labels_decide_only_without_dates() -> None:
    bare = {"completed_at": None, "local_date": None}
    forms = [form_of(START, 7, 1, visit="EOP", **bare), form_of(START, 3, 2, visit="EOP")]
    assert visits_of(forms, []) == {"EOP": 7, "BASELINE": 3}


@pytest.mark.parametrize(("base", "aval"), [(10.0, 7.0), (3.3, 2.31)])
def test_the_responder_boundary_is_inclusive(base: float, aval: float) -> None:
    score = Score(
        "nrs_pain", "0-10", "score", "identity", ["q1"], {}, "higher_worse", 0, 10, True, None
    )
    outcome = Outcome(enrolment_of(), score, "EOP", aval, base, 1e-9)
    assert outcome.is_responder(30) is True
    assert outcome.is_responder(50) is False
    assert Outcome(enrolment_of(), score, "EOP", 0.0, 0.0, 1e-9).is_responder(30) is None


def test_scores_follow_their_missing_rule() -> None:
    def score(method: str, missing: dict[str, Any]) -> Score:
        return Score("x", "1", "s", method, [], missing, "higher_worse", 0, 21, False, None)

    strict = {"policy": "complete_only"}
    lenient = {"policy": "impute_mean_of_answered", "min_answered": 5}
    answers: list[float | None] = [1, None, 3, 1, 1, 1, 1]
    assert score_value(score("sum", strict), answers) is None
    assert score_value(score("sum_prorated", lenient), answers) == pytest.approx(28 / 3)
    assert score_value(score("mean", strict), [10, 6, 10]) == pytest.approx(26 / 3)


def test_figures_against_published_numbers() -> None:
    sleep = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]  # Student 1908
    assert list(mean_interval(sleep)) == [
        pytest.approx(0.7001, abs=5e-5),
        pytest.approx(2.4599, abs=5e-5),
    ]
    assert sd([1.0]) is None
    assert t_quantile(9) == pytest.approx(2.2621571627982, abs=1e-12)
    assert quantile([1, 2, 3, 4], 0.25) == 1.75
    treated = [(6, 1)] * 3 + [(7, 1), (10, 1), (13, 1), (16, 1), (22, 1), (23, 1)]
    censored = [(t, 0) for t in (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)]
    for week, value in ((6, 0.8571), (10, 0.7529), (23, 0.4482)):
        assert float(survival(treated + censored, week) or 0) == pytest.approx(value, abs=5e-5)
    assert median_survival(treated + censored) == 23


def test_the_demo_questionnaires_score_their_own_examples() -> None:
    known = read_instruments(Path(__file__).parents[2] / "schemas" / "instruments")
    for name in ("nrs_pain", "peg", "gad7", "pss10", "phq9"):
        [one] = [i for i in known.values() if i.instrument == name]
        assert one.scores and set(one.reverse) <= set(one.items)
    pss = known["pss10", "10"]
    row = {"instrument": "pss10", "version": "10", "answers": [1, 2, 4, 4, 1, 1, 4, 1, 2, 2]}
    assert scores_of(row, [], known) == {"total": 18, "helplessness": 12, "lack_self_efficacy": 6}
    assert scores_of(row | {"answers": [5] + [0] * 9}, [], known) is None
    assert pss.scores["helplessness"].mic is None
    assert (known["nrs_pain", "0-10"].scores["score"].mic or {})["value"] == 2
