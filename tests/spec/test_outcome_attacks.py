"""What a reviewer would attack in outcomes (clinical.md 6: 5, 7, 8, 9, 13, 14), by small worlds.

Each attack is then made again with its mistake planted in the SQL, and the same check must notice.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from outcome_world import World

from flows.steps import infer, score, sql_files
from schemas.instrument import read_instruments, ref_rows
from tests.variants import Change, change_sql, replacing

Check = Callable[[], None]
Plant = Callable[[str, Change], None]


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """From here on one SQL file is wrong."""

    def change(name: str, mistake: Change) -> None:
        change_sql(monkeypatch, tmp_path, name, mistake)
        monkeypatch.setattr(score, "SQL_ROOT", sql_files.SQL_ROOT)

    return change


def pairs(world: World, told: list[tuple[float, float | None]], **columns: Any) -> World:
    """One more person per (baseline, end of a 4-week programme)."""
    for base, aval in told:
        person = f"p{world.n['enrolment']}"
        world.enrol(person)
        world.answer(base, -1, person=person, **columns)
        if aval is not None:
            world.answer(aval, 29, person=person, **columns)
    return world


# 5: wrong baseline


def check_baseline() -> None:
    """A form at nine after a session at half past eight is none; the one before it is, whatever its label."""
    world = World()
    late, early = world.enrol("late"), world.enrol("early")
    for enrolment, person in ((late, "late"), (early, "early")):
        world.practise(enrolment, 1, person=person, at=datetime(2026, 3, 2, 8, 30))
        world.answer(9, 1, person=person, at=datetime(2026, 3, 2, 9), label="BASELINE")
        world.answer(4, 29, person=person)
    world.answer(6, -3, person="early", label="SCREENING")
    world.build()
    assert world.cell("EOP", "n_visit, n_pair, baseline_mean, improve_mean") == (2, 1, 6.0, 2.0)
    reason = "select distinct reason_not_selected from staging.outcome_candidate where value = 9"
    assert world.rows(reason) == [("after_first_session",)]


def test_a_form_after_the_first_session_is_no_baseline(plant: Plant) -> None:
    check_baseline()
    plant("staging/outcome_choice", replacing("and not v.is_before_first_session", "and false"))
    with pytest.raises(AssertionError):
        check_baseline()


# 7: direction

HIGHER_BETTER = {
    "facit_f.total", "koos_ps.score_0worst_100best", "who5.raw", "who5.percent", "eq5d5l.vas", "eq5d5l.index",
    "ppt.kpa", "promis29.t_physical_function", "promis29.t_social_roles",
    *(f"rand36.{scale}" for scale in (
        "physical_functioning", "role_physical", "role_emotional", "energy_fatigue", "emotional_wellbeing",
        "social_functioning", "pain", "general_health")),
}  # fmt: skip


def check_direction() -> None:
    """A cohort that got better, told by clinical knowledge and not by our files, is better on every score."""
    instruments = read_instruments()
    reference = ref_rows(instruments, {})
    world, better = World(), {}
    for row in reference["instrument"]:
        keys = ("instrument", "version", "domain", "has_baseline")
        world.insert("ref.instrument", **{key: row[key] for key in keys})
    for row in reference["instrument_score"]:
        name = f"{row['instrument']}.{row['score_id']}"
        if row["is_text"] or not instruments[row["instrument"], row["version"]].has_baseline:
            continue
        keys = ("instrument", "version", "score_id", "method", "direction", "range_lo", "range_hi")
        world.insert("ref.instrument_score", **{key: row[key] for key in keys})
        better[name] = row
    for person in range(3):
        world.enrol(f"p{person}")
        for name, row in better.items():
            good = 1 if name in HIGHER_BETTER else -1
            for value, day in ((40 + person, -1), (40 + person + 5 * good, 29)):
                answer(world, f"p{person}", row, value, day)
    world.build()
    found = world.rows(
        "select distinct instrument || '.' || score_id, improve_mean from marts.mart_outcome"
        " where visit = 'EOP' and n_pair > 0"
    )
    assert {name for name, _ in found} == better.keys()
    assert {mean for _, mean in found} == {5.0}
    assert (
        len({name.partition(".")[0] for name in better}) == 27
    )  # all 28 but PGIC, which asks for change


def answer(world: World, person: str, row: Mapping[str, Any], value: float, day: int) -> None:
    """One score of one questionnaire, with the direction that our definition gives it."""
    number = world.answer(
        value, day, person=person, instrument=row["instrument"], direction=row["direction"]
    )
    changed = {"version": row["version"], "score_id": row["score_id"]}
    world.connection.execute(
        "update facts.fct_score set version = $version, score_id = $score_id where response_no = $n",
        changed | {"n": number},
    )
    world.connection.execute(
        "update staging.response set version = $1 where response_no = $2", [row["version"], number]
    )


@pytest.mark.slow
def test_an_improved_cohort_is_improved_on_every_questionnaire(plant: Plant) -> None:
    check_direction()
    mistake = replacing(
        "when direction = 'higher_better' then aval - base",
        "when direction = 'higher_better' then base - aval",
    )
    plant("facts/fct_outcome_figure", mistake)
    with pytest.raises(AssertionError):
        check_direction()


# 8: prorating


def womac_pain(*answers: float | None) -> float | None:
    """WOMAC pain of these five answers, the other nineteen at 2."""
    [one] = [i for i in read_instruments().values() if i.id == "womac_likert"]
    accepted = {"accepted_by": "a test", "date": "2026-01-01", "reference": "none"}
    row = {"response_no": 1, "instrument": one.id, "version": one.version, "missing_option": None,
           "status": "completed", "answers": [*(None if a is None else float(a) for a in answers), *[2.0] * (len(one.items) - 5)]}  # fmt: skip
    value = score.score_rows([row], ref_rows({one.key: one}, {one.id: accepted}))[1]["pain"]
    return None if value is None else float(value)


def check_prorating() -> None:
    """A blank is not better health: one is replaced by the mean of the others, more leave no score."""
    assert womac_pain(3, 3, 3, 3, 3) == 15
    assert womac_pain(3, 3, 3, 3, None) == 15
    assert womac_pain(3, None, None, None, None) is None


@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        ("staging/score_item", replacing("total * n_items / n_answered", "total")),  # na.rm = TRUE
        ("staging/score_rule", replacing("k.n_items, k.min_answered,", "k.n_items, 1 as min_answered,")),
    ],
    ids=["sum over what is there", "one answer is enough"],
)  # fmt: skip
def test_a_blank_is_not_better_health(plant: Plant, name: str, mistake: Change) -> None:
    check_prorating()
    plant(name, mistake)
    with pytest.raises(AssertionError):
        check_prorating()


# 9: versions


def check_versions() -> None:
    """A baseline by one version and an end by another are no pair, and no row of the mart mixes them."""
    world = pairs(World(), [(8, 4), (7, 3)])
    world.insert("ref.instrument", instrument="nrs", version="2", domain=["pain_intensity"])
    world.insert(
        "ref.instrument_score", instrument="nrs", version="2", score_id="score",
        direction="higher_worse", range_lo=0, range_hi=100,
    )  # fmt: skip
    world.enrol("switched")
    world.answer(6, -1, person="switched")
    number = world.answer(60, 29, person="switched")
    for table in ("staging.response", "facts.fct_score"):
        world.connection.execute(f"update {table} set version = '2' where response_no = {number}")
    world.build()
    rows = world.rows(
        "select version, n_visit, n_pair, improve_mean from marts.mart_outcome"
        " where visit = 'EOP' and level = 'all' and duration_band = 'all' and setting = 'all'"
        " and modality = 'all' and arm = 'all' and clinic_id = 'all' order by version"
    )
    assert rows == [("1", 2, 2, 4.0), ("2", 1, 0, None)]


def test_versions_are_never_mixed(plant: Plant) -> None:
    check_versions()
    mistake = replacing(" and b.score_no = o.score_no", "")
    plant("facts/fct_outcome_figure", mistake)
    with pytest.raises(AssertionError):
        check_versions()


# 13: responders


def check_responders() -> None:
    """10 to 7 and 3.3 to 2.31 are 30 percent; a baseline of 0 cannot respond; the denominators add up."""
    world = pairs(World(), [(10, 7), (3.3, 2.31), (0, 0), (8, 8), (9, None)]).build()
    assert world.cell("EOP", "n_resp_r30_pair, n_resp_r30_due, n_resp_r30_eligible") == (2, 2, 2)
    assert world.cell("EOP", "n_pair, n_due, n_eligible_resp, n_floor, floor_pct") == (4, 5, 3, 1, 25.0)  # fmt: skip
    shares = "pct_resp_r30_pair, pct_resp_r30_due, pct_resp_r30_eligible"
    assert world.cell("EOP", shares) == pytest.approx((50, 40, 200 / 3))


@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        ("facts/fct_outcome_figure", replacing("improve + tolerance as reach", "improve as reach")),
        ("facts/fct_outcome_figure", replacing("o.room > 0 and o.room + o.tolerance >= o.mic", "true")),
        ("facts/fct_outcome_figure", replacing("then base - aval", "then aval - base")),
        ("staging/outcome_count", replacing(
            "count(*) filter (where o.is_resp30 and o.is_due)", "count(*) filter (where o.is_due)")),
    ],
    ids=["no tolerance", "the floor is eligible", "worse is higher", "everybody due"],
)  # fmt: skip
def test_responders_are_counted_exactly(plant: Plant, name: str, mistake: Change) -> None:
    check_responders()
    plant(name, mistake)
    with pytest.raises(AssertionError):
        check_responders()


# 14: complete cases as everyone


def check_complete_cases() -> None:
    """Without the worst half the mean looks better; completeness, BOCF, MI and the wording say so."""
    everyone: list[tuple[float, float | None]] = [(8.0, float(n % 8)) for n in range(48)]
    stayed = [(base, aval if (aval or 0) < 4 else None) for base, aval in everyone]
    full, part = (pairs(World(), told).build() for told in (everyone, stayed))
    where = "level = 'condition' and duration_band = 'w4' and modality = 'all' and arm = 'all'"
    where += " and setting = 'all' and clinic_id = 'all'"
    columns = "improve_mean, sens_bocf_mean, sens_mi_mean, completeness_pct, wording_code"
    mean, bocf, mi, completeness, code = full.cell("EOP", columns, where)
    assert (bocf, mi, completeness, code) == (mean, pytest.approx(mean), 100.0, "CHANGE_GE_MIC")
    mean_left, bocf, mi, completeness, code = part.cell("EOP", columns, where)
    assert mean_left > mean + 1
    assert (bocf, completeness, code) == (mean_left / 2, 50.0, "LOW_COMPLETENESS")
    assert mi is not None
    assert part.cell("EOP", "change_code, low_completeness", where) == ("CHANGE_GE_MIC", True)


def test_complete_cases_are_never_shown_as_everyone(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_complete_cases()
    with monkeypatch.context() as patched:
        patched.setattr(infer, "bocf_column", lambda mean, n, groups: mean)
        with pytest.raises(AssertionError):
            check_complete_cases()
    mistake = replacing(
        "count(*) filter (where o.is_due) as n_due",
        "count(o.improve) filter (where o.is_due) as n_due",
    )
    plant("staging/outcome_count", mistake)
    with pytest.raises(AssertionError):
        check_complete_cases()
