"""Failures and their exit codes: a contract with whoever reads them."""

import pickle

import pytest

from schemas.errors import WORST_FIRST, ExitCode, ExportUnreadable, SourceWrong, UserError, worst


def test_the_numbers_are_those_of_the_contract():
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0,
        "UNHEALTHY": 1,
        "USAGE": 2,
        "NO_EXPORTS": 10,
        "SOURCE_WRONG": 11,
        "EXPORT_UNREADABLE": 12,
        "REFUSED_ABOVE_CEILING": 13,
        "GATE_REFUSED": 14,
        "LOCKED": 15,
        "UNKNOWN_NAME": 16,
        "BUG": 70,
        "MACHINE": 74,
    }


def test_a_run_leaves_with_the_first_that_applies():
    assert worst([]) is ExitCode.OK
    told = [70, 74, 15, 14, 11, 12, 13, 10, 0]
    assert [int(code) for code in WORST_FIRST] == told
    for number, code in enumerate(WORST_FIRST):
        assert worst(list(reversed(WORST_FIRST[number:]))) is code


@pytest.mark.parametrize(
    "error",
    [
        UserError("the gate refused", ExitCode.GATE_REFUSED),
        SourceWrong("source.toml, line 1"),
        ExportUnreadable("a.csv: is empty"),
    ],
)
def test_failures_survive_the_way_between_processes(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (again.message, again.exit_code, str(again)) == (
        error.message,
        error.exit_code,
        str(error),
    )
