"""The gate: passes a healthy build, refuses each planted fault, tells a crash from bad data, leaks nothing."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from flows.steps import gate as gates
from flows.steps.checks import SHOWN_OFFENDERS, GateResult, Outcome
from flows.steps.disclose import disclose
from flows.steps.gate import gate
from flows.steps.sql_files import read_sql_file
from tests.spec.mart_world import CONTRACTS, write_analyst

Judge = Callable[..., GateResult]


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Build the healthy world, plant one fault in the analyst's or the published marts, ask the gate.

    Great Expectations is asked only `with_suite`: it takes longer than all else together.
    """

    def judged(
        analyst_fault: str = "", dashboard_fault: str = "", with_suite: bool = False
    ) -> GateResult:
        analyst = write_analyst(tmp_path / "analyst.duckdb")
        _plant(analyst, analyst_fault)
        disclose(analyst, tmp_path / "dashboard.duckdb", CONTRACTS)
        _plant(tmp_path / "dashboard.duckdb", dashboard_fault)
        suite = CONTRACTS if with_suite else []
        return gate(analyst, tmp_path / "dashboard.duckdb", tmp_path / "gate.json", suite)

    return judged


def _plant(database: Path, fault: str) -> None:
    with duckdb.connect(str(database)) as connection:
        if fault:
            connection.execute(fault)


def names(result: GateResult, outcome: Outcome) -> set[str]:
    return {check.name for check in result.checks if check.outcome is outcome}


def test_a_healthy_build_passes_and_every_check_is_told(judge: Judge, tmp_path: Path) -> None:
    result = judge(with_suite=True)
    assert result.refusals == ()
    assert result.passed
    told = json.loads((tmp_path / "gate.json").read_text())
    assert told["passed"] is True
    assert {check["outcome"] for check in told["checks"]} == {"passed"}
    from_files = {path.stem for path in gates.CHECKS.glob("*.sql")}
    assert from_files <= {check["name"] for check in told["checks"]}
    assert "marts.mart_outcome: key unique" in {check["name"] for check in told["checks"]}
    assert all(check["what"] for check in told["checks"])


ONE_CELL = (
    "level = 'condition' and condition = 'neck_pain' and duration_band = 'w4' and clinic_id = 'all'"
)
OUTCOME_KEY = "level, condition, duration_band, clinic_id, visit"
FAULTS: dict[str, tuple[str, set[str]]] = {
    "a percentage above 100": (
        f"update marts.mart_outcome set pct_resp_mic_pair = 140, pct_resp_mic_pair_ci_hi = 150 where {ONE_CELL}",
        {"pct_outside_0_100", "marts.mart_outcome: pct_resp_mic_pair in range"},
    ),
    "adherence above 1": (
        f"update marts.mart_adherence set adherence_capped_mean = 1.2 where {ONE_CELL}",
        {"adherence_outside_0_1", "marts.mart_adherence: adherence_capped_mean in range"},
    ),
    "more pairs than follow-ups": (
        f"update marts.mart_outcome set n_followup = n_pair - 12 where {ONE_CELL}",
        {"part_above_whole"},
    ),
    "more evaluable than enrolled": (
        f"update marts.mart_adherence set n_evaluable = n_enrolled + 20 where {ONE_CELL}",
        {"part_above_whole"},
    ),
    "a cell twice": (
        f"insert into marts.mart_outcome from marts.mart_outcome where {ONE_CELL} and visit = 'EOP'",
        {"key_repeated", "marts.mart_outcome: key unique"},
    ),
    "a lost row of an export": (
        "update ops.file set rows_refused = rows_refused - 1",
        {"file_rows_lost"},
    ),
    "a margin that is not the sum of its clinics": (
        f"update marts.mart_adherence set n_enrolled = n_enrolled + 30 where {ONE_CELL}",
        {"margin_differs", "enrolled_differs"},
    ),
    "an interval without its mean": (
        f"update marts.mart_outcome set change_ci_hi = change_mean - 1 where {ONE_CELL}",
        {"interval_without_mean"},
    ),
    "no as-of date": (
        f"update marts.mart_adherence_week set as_of_date = null where {ONE_CELL}",
        {"as_of_missing"},
    ),
    "a row of an older release": (
        f"update marts.mart_outcome set release_id = '20200101T000000Z' where {ONE_CELL}",
        {"as_of_missing"},
    ),
    "a key that is missing": (
        "update marts.mart_adherence set setting = null",
        {"marts.mart_adherence: setting present"},
    ),
    "a negative count": (
        f"update marts.mart_adherence set n_planned = -1 where {ONE_CELL}",
        {"marts.mart_adherence: n_planned in range"},
    ),
    "a division by zero": (
        f"update marts.mart_outcome set visit_sd = 'inf'::double where {ONE_CELL}",
        {"figure_not_finite"},
    ),
}


@pytest.mark.parametrize(("fault", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_a_planted_fault_is_refused(judge: Judge, fault: str, expected: set[str]) -> None:
    with_suite = any(name.startswith("marts.") for name in expected)
    result = judge(fault, with_suite=with_suite)
    assert not result.passed
    assert expected <= names(result, Outcome.FAILED)
    assert names(result, Outcome.CRASHED) == set()


DASHBOARD_FAULTS: dict[str, tuple[str, str]] = {
    "a count of a few people": (
        f"update marts.mart_outcome set n_worse_mic = 4 where {ONE_CELL}",
        "dashboard_small_count",
    ),
    "a cell that was dropped": (
        f"delete from marts.mart_outcome where {ONE_CELL}",
        "dashboard_cell_missing",
    ),
    "a column that names people": (
        "alter table marts.mart_outcome add column participant_key varchar",
        "dashboard_names_people",
    ),
}


@pytest.mark.parametrize(
    ("fault", "expected"), DASHBOARD_FAULTS.values(), ids=DASHBOARD_FAULTS.keys()
)
def test_a_fault_of_the_disclosure_is_refused(judge: Judge, fault: str, expected: str) -> None:
    result = judge(dashboard_fault=fault)
    assert names(result, Outcome.FAILED) == {expected}


@pytest.mark.parametrize("responders", [3, 66])
def test_a_share_of_a_few_that_slipped_through_is_refused(judge: Judge, responders: int) -> None:
    few = f"update marts.mart_outcome set n_resp_mic_pair = {responders} where {ONE_CELL}"
    shown = f"update marts.mart_outcome set pct_resp_mic_pair = 50 where {ONE_CELL}"
    assert names(judge(few, shown), Outcome.FAILED) == {"dashboard_share_of_few"}


def test_the_offending_cell_is_named(judge: Judge, tmp_path: Path) -> None:
    fault, _ = FAULTS["more pairs than follow-ups"]
    found = next(check for check in judge(fault).checks if check.name == "part_above_whole")
    assert found.n_offenders == 2
    first = found.where[0]
    assert first["mart"] == "mart_outcome"
    assert first["cell"] == (
        "condition / neck_pain / w4 / all / all / all / all / nrs_pain / 0-10 / score / EOP"
    )
    told = json.loads((tmp_path / "gate.json").read_text())
    assert told["passed"] is False
    assert found.where == next(c for c in told["checks"] if c["name"] == found.name)["where"]


def test_only_a_few_offenders_are_shown_but_all_are_counted(judge: Judge) -> None:
    result = judge("update marts.mart_adherence_week set as_of_date = null")
    found = next(check for check in result.checks if check.name == "as_of_missing")
    assert len(found.where) == SHOWN_OFFENDERS
    assert found.n_offenders is not None
    assert found.n_offenders > SHOWN_OFFENDERS


def test_a_crashed_check_refuses_but_is_not_called_bad_data(
    judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = "CANARY-4711"
    checks = tmp_path / "checks"
    checks.mkdir()
    (checks / "broken.sql").write_text(
        f"-- Broken on purpose.\n-- key: mart\n-- columns:\n--   mart  mart\nselect cast('{canary}' as integer) as mart\n"
    )
    monkeypatch.setattr(gates, "CHECKS", checks)
    result = judge()
    assert not result.passed
    assert names(result, Outcome.CRASHED) == {"broken"}
    assert names(result, Outcome.FAILED) == set()
    assert canary not in (tmp_path / "gate.json").read_text()


def test_an_expectation_that_crashes_is_told_apart(tmp_path: Path) -> None:
    analyst = write_analyst(tmp_path / "crash.duckdb")
    disclose(analyst, tmp_path / "public.duckdb", CONTRACTS)
    with duckdb.connect(str(analyst)) as connection:
        connection.execute("alter table marts.mart_adherence drop column setting")
    adherence = [mart for mart in CONTRACTS if mart.name == "marts.mart_adherence"]
    result = gate(analyst, tmp_path / "public.duckdb", tmp_path / "crash.json", adherence)
    crashed = names(result, Outcome.CRASHED)
    assert "marts.mart_adherence: setting present" in crashed
    assert "marts.mart_adherence: columns" in names(result, Outcome.FAILED)
    assert "Traceback" not in (tmp_path / "crash.json").read_text()


def test_a_mart_that_is_missing_is_a_crash_not_a_pass(tmp_path: Path) -> None:
    missing = type(CONTRACTS[0])(**{**vars(CONTRACTS[0]), "name": "marts.mart_news"})
    analyst = write_analyst(tmp_path / "a.duckdb")
    disclose(analyst, tmp_path / "d.duckdb", CONTRACTS)
    result = gate(analyst, tmp_path / "d.duckdb", tmp_path / "g.json", [missing])
    assert names(result, Outcome.CRASHED) == {"marts.mart_news: readable"}


def test_every_check_says_what_it_finds_and_where() -> None:
    for path in sorted(gates.CHECKS.glob("*.sql")):
        check = read_sql_file(path)
        assert check.description.endswith("."), path.name
        assert set(check.key) <= set(check.columns), path.name


def test_importing_the_gate_does_not_import_great_expectations() -> None:
    code = "import sys, flows.steps.gate; assert 'great_expectations' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])
