"""Which changes are tested, what may be said of them, and the family of tests (clinical.md 4.5, 4.9; 6: 11, 12)."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from outcome_world import World
from scipy import stats

from flows.stats.multiplicity import holm
from flows.steps import infer_tests
from flows.steps.sql_files import SQL_ROOT, read_sql_file
from tests.variants import change_sql, replacing

HEART = (
    "level = 'condition' and duration_band = '{band}' and condition = '{condition}' and modality = 'all'"
    " and arm = 'all' and setting = 'all' and clinic_id = 'all'"
)
KNEE = HEART.format(band="w4", condition="knee_oa")
P_COLUMNS = "p_t, p_wilcoxon, p_primary, p_holm, q_bh, family_id, family_m"


def cohort(
    world: World, improvements: list[float], condition: str = "knee_oa", instrument: str = "nrs",
    **columns: Any,
) -> World:  # fmt: skip
    """One more person per improvement from a baseline of 8 to the end of a 4-week programme."""
    for improve in improvements:
        person = f"p{world.n['enrolment']}"
        world.enrol(person, condition=condition, **columns)
        world.answer(8, -1, person=person, instrument=instrument)
        world.answer(8 - improve, 29, person=person, instrument=instrument)
    return world


def changes(n: int, mean: float = 1.0, seed: int = 1) -> list[float]:
    dice = random.Random(seed)
    return [float(round(dice.gauss(mean, 2))) for _ in range(n)]


# 11: tiny n, float noise, order


def check_few_pairs() -> None:
    """Nineteen pairs: n, mean and interval, no p, no statement. Twenty: all of it."""
    few = cohort(World(), changes(19)).build()
    assert few.cell("EOP", P_COLUMNS, KNEE) == (None,) * 7
    assert few.cell("EOP", "n_pair, wording_code, change_code", KNEE) == (19, "INSUFFICIENT", None)
    assert None not in few.cell("EOP", "improve_mean, improve_ci_lo, improve_ci_hi, srm", KNEE)
    enough = cohort(World(), changes(20)).build()
    assert None not in enough.cell("EOP", P_COLUMNS, KNEE)


def test_few_pairs_are_not_tested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_few_pairs()
    everybody = replacing(
        "max(value) filter (where key = 'outcome.min_pairs_test')",
        "5 * max(value) filter (where key = 'nothing') + 5",
    )
    change_sql(monkeypatch, tmp_path, "staging/outcome_family", everybody)
    with monkeypatch.context() as patched:
        patched.setattr("flows.steps.infer.plan_of", lambda g, _, t: infer_tests.plan_of(g, 5, t))
        with pytest.raises(AssertionError):
            check_few_pairs()


def check_noise() -> None:
    """Noise of 1e-13 and another order of people leave every p alone."""
    told = changes(40)
    noisy = [x + 1e-13 * (n % 3 - 1) for n, x in enumerate(told)]
    marts = [
        cohort(World(), one).build().cell("EOP", f"{P_COLUMNS}, hl_median, n_zero", KNEE)
        for one in (told, noisy, told[::-1])
    ]
    assert marts[0] == marts[1]
    assert marts[0][:2] == pytest.approx(marts[2][:2], abs=1e-12)
    assert marts[0][-1] == told.count(0)


def test_float_noise_and_order_change_no_p(monkeypatch: pytest.MonkeyPatch) -> None:
    check_noise()
    monkeypatch.setattr("flows.steps.infer_tests.np.round", lambda values, _: values)
    monkeypatch.setattr("flows.steps.infer_groups.np.round", lambda values, _: values)
    with pytest.raises(AssertionError):
        check_noise()


# 12: the family


def families() -> World:
    """Three conditions with enough pairs, one with too few, arms and modalities to split by."""
    world = World()
    for place, condition in enumerate(("knee_oa", "neck_pain", "stress")):
        told = changes(44, 0.6 * place, place)
        cohort(world, told[:22], condition, arm="app", condition_group=condition)
        cohort(world, told[22:], condition, arm="none", condition_group=condition)
    return cohort(world, changes(10), "fatigue", condition_group="fatigue")


def check_family() -> None:
    """One test per condition and band; whatever else the mart is split by recomputes nothing."""
    world = families().build()
    members = world.rows(
        "select condition, p_primary, p_holm, family_m from marts.mart_outcome where family_id is not null"
        " order by condition"
    )
    assert [row[0] for row in members] == ["knee_oa", "neck_pain", "stress"]
    assert {row[3] for row in members} == {3}
    assert [row[2] for row in members] == pytest.approx(
        list(holm(np.array([r[1] for r in members])))
    )
    split = "level = 'condition' and duration_band = 'w4' and condition = 'stress' and arm = 'app'"
    assert world.cell("EOP", "p_primary is not null, p_holm, family_id", split) == (
        True,
        None,
        None,
    )


@pytest.mark.parametrize(
    "mistake",
    [
        replacing("and z.modality = 'all' and z.arm = 'all' and z.setting = 'all' and z.clinic_id = 'all'", ""),
        replacing("z.level = 'condition' and", ""),
    ],
    ids=["every filter is a family member", "margins are tested again"],
)  # fmt: skip
def test_the_family_is_fixed_before_looking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mistake: Any
) -> None:
    check_family()
    change_sql(monkeypatch, tmp_path, "staging/outcome_family", mistake)
    with pytest.raises(AssertionError):
        check_family()


def test_one_score_speaks_for_a_domain_and_the_first_of_the_list_goes_before() -> None:
    world = World()
    for name, domain in (("gad7", "anxiety"), ("hads", "anxiety"), ("home_made", "anxiety")):
        world.instrument(name, domain=[domain])
    lists = "update ref.policy set text = 'hads.score gad7.score' where key = 'primary.anxiety'"
    world.connection.execute(lists)
    for person in range(25):
        world.enrol(f"p{person}")
        for name in ("gad7", "hads", "home_made") if person < 21 else ("gad7", "home_made"):
            world.answer(8, -1, person=f"p{person}", instrument=name)
            world.answer(6 - person % 2, 29, person=f"p{person}", instrument=name)
    world.build()
    member = "select distinct instrument from marts.mart_outcome where family_id is not null"
    assert world.rows(member) == [("hads",)]


def test_a_questionnaire_of_the_user_is_tested_where_no_listed_one_is() -> None:
    world = World()
    world.instrument("morning_stiffness", domain=["stiffness"])
    cohort(world, changes(25), instrument="morning_stiffness").build()
    assert world.cell("EOP", "family_m", KNEE, "morning_stiffness") == (1,)


@pytest.mark.parametrize(("n", "test"), [(29, "wilcoxon"), (30, "t")])
def test_means_declare_t_from_thirty_pairs_on(n: int, test: str) -> None:
    world = World()
    world.connection.execute("update ref.instrument_score set method = 'mean'")
    cohort(world, changes(n)).build()
    found, p_primary, p_t, p_wilcoxon = world.cell(
        "EOP", "primary_test, p_primary, p_t, p_wilcoxon", KNEE
    )
    assert (found, p_primary) == (test, p_t if test == "t" else p_wilcoxon)
    assert p_t == pytest.approx(stats.ttest_1samp(changes(n), 0).pvalue)


def test_only_the_primary_visit_is_in_the_family() -> None:
    world = World()
    for n, improve in enumerate(changes(22)):
        person = f"s{n}"
        world.enrol(person, single=True)
        for value, day in ((8, -1), (8 - improve, 8), (7 - improve, 180)):
            world.answer(value, day, person=person)
    cohort(world, changes(22)).build()
    members = world.rows(
        "select duration_band, visit from marts.mart_outcome where family_id is not null order by all"
    )
    assert members == [("single", "FU1W"), ("w4", "EOP")]


# What may be said


@pytest.mark.parametrize(
    ("improvements", "code"),
    [
        ([1.0, -1.0] * 12, "NO_CLEAR_CHANGE"),
        ([1.0, 0.5] * 12, "CHANGE_BELOW_MIC"),
        ([4.0, 0.5] * 12, "CHANGE_BELOW_MIC"),  # mean above the MIC, interval reaches below it
        ([3.0, 2.5] * 12, "CHANGE_GE_MIC"),
        ([2.0] * 24, "CHANGE_GE_MIC"),  # at the MIC
        ([-1.0, -2.0] * 12, "WORSE"),
        ([0.0] * 24, "NO_CLEAR_CHANGE"),
    ],
)
def test_codes_follow_the_interval(improvements: list[float], code: str) -> None:
    world = cohort(World(), improvements).build()
    assert world.cell("EOP", "wording_code, change_code", KNEE) == (code, code)


def test_nothing_is_said_of_a_baseline_or_of_a_score_that_is_a_change_itself() -> None:
    world = World()
    world.instrument("pgic", domain=["global_change"], top=7)
    for n in range(25):
        world.enrol(f"p{n}")
        world.answer(8, -1, person=f"p{n}")
        world.answer(2, 29, person=f"p{n}", instrument="pgic")
    world.build()
    assert world.cell("EOP", "n_visit, wording_code", KNEE, "pgic") == (25, None)
    assert world.cell("BASELINE", "n_visit, wording_code, p_t", KNEE) == (25, None, None)


def test_the_reasons_of_those_not_selected_may_be_seen() -> None:
    file = read_sql_file(SQL_ROOT / "staging/outcome_candidate.sql")
    assert file.is_published and "reason_not_selected" in file.columns
    assert not [name for name in file.columns if name.endswith(("_date", "_at"))]
