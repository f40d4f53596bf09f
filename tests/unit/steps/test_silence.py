"""What is usual for a source is its own past: short exports and silence are found, a short past is not judged."""

from datetime import date
from typing import Any

import pytest

from flows.steps.checks import Kind, Outcome
from flows.steps.silence import source_checks, source_states, source_warnings
from schemas.policy import Policy, read_policy

DAY = date(2026, 5, 1)


@pytest.fixture
def policy() -> Policy:
    return read_policy()


def exports(*rows: int, every: int = 7) -> list[dict[str, Any]]:
    """Exports of one source with these rows, the last one on DAY."""
    days = [DAY.toordinal() - every * n for n in range(len(rows))][::-1]
    return [
        {
            "clinic_id": "riverside",
            "source_id": "app",
            "exported_at": f"{date.fromordinal(day)}T05:00:00",
            "rows_read": n,
        }
        for day, n in zip(days, rows, strict=True)
    ]


def test_a_steady_source_is_told_and_not_warned_of(policy):
    (state,) = source_states(exports(100, 110, 90, 100), policy, DAY)
    assert (state["source"], state["newest_export"], state["age_days"]) == (
        "riverside/app",
        str(DAY),
        0,
    )
    assert (state["usual_rows"], state["usual_days"]) == (100, 7)
    assert source_warnings([state]) == []
    assert {check.outcome for check in source_checks([state], policy)} == {Outcome.PASSED}


def test_an_export_cut_short_is_a_warning(policy):
    (state,) = source_states(exports(100, 110, 90, 49), policy, DAY)
    (told,) = source_warnings([state])
    assert told.startswith(
        "riverside/app: the newest export (2026-05-01) holds 49 rows, usually 100;"
    )
    assert source_warnings(source_states(exports(100, 110, 90, 50), policy, DAY)) == []


def test_files_of_one_day_are_one_export(policy):
    files = exports(100, 110, 90, 40) + exports(60)
    assert source_warnings(source_states(files, policy, DAY)) == []


@pytest.mark.parametrize(("days", "is_overdue"), [(14, False), (15, True)])
def test_silence_for_twice_the_usual_interval_is_a_warning(policy, days, is_overdue):
    today = date.fromordinal(DAY.toordinal() + days)
    told = source_warnings(source_states(exports(100, 100, 100, 100), policy, today))
    assert bool(told) is is_overdue
    if told:
        assert told[0].startswith(
            "riverside/app: no export since 2026-05-01 (15 days), usually one every 7 days;"
        )


def test_a_short_past_is_not_judged(policy):
    states = source_states(exports(100, 100, 1), policy, date(2030, 1, 1))
    assert source_warnings(states) == []
    assert source_checks(states, policy) == []


def test_a_warning_blocks_only_if_the_policy_says_so(policy, tmp_path):
    states = source_states(exports(100, 100, 100, 1), policy, DAY)
    short = next(c for c in source_checks(states, policy) if c.outcome is Outcome.FAILED)
    assert (short.kind, short.is_blocking) == (Kind.SOURCE, False)
    (tmp_path / "policy.toml").write_text("[silence]\nblocks = 1\n")
    strict = source_checks(states, read_policy(tmp_path / "policy.toml"))
    assert all(check.is_blocking for check in strict)
