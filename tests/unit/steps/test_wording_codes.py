"""Codes of rows, from their interval and answers."""

import numpy as np
import pytest

from flows.steps.wording_codes import CODES, change_codes, wording_codes

YES, NO = np.array([True]), np.array([False])


def code(lower: float, upper: float, mic: float = 2.0) -> str:
    return str(change_codes(np.array([lower]), np.array([upper]), np.array([mic]), YES)[0])


@pytest.mark.parametrize(
    ("lower", "upper", "mic", "expected"),
    [
        (-1, 1, 2, "NO_CLEAR_CHANGE"), (0, 1, 2, "NO_CLEAR_CHANGE"), (-1, 0, 2, "NO_CLEAR_CHANGE"),
        (-2, -1, 2, "WORSE"), (0.1, 1, 2, "CHANGE_BELOW_MIC"), (1.9, 4, 2, "CHANGE_BELOW_MIC"),
        (2, 4, 2, "CHANGE_GE_MIC"), (2 - 1e-12, 4, 2, "CHANGE_GE_MIC"), (5, 6, np.nan, "CHANGE_BELOW_MIC"),
    ],
)  # fmt: skip
def test_the_interval_decides(lower: float, upper: float, mic: float, expected: str) -> None:
    assert code(lower, upper, mic) == expected
    assert expected in CODES


def test_too_few_pairs_before_too_few_answers_before_the_interval() -> None:
    change = change_codes(np.array([2.5]), np.array([3.0]), np.array([2.0]), YES)
    none = change_codes(np.array([2.5]), np.array([3.0]), np.array([2.0]), NO)
    assert list(none) == [None]
    assert list(wording_codes(change, YES, NO, NO)) == ["CHANGE_GE_MIC"]
    assert list(wording_codes(change, YES, YES, NO)) == ["LOW_COMPLETENESS"]
    assert list(wording_codes(none, NO, YES, NO)) == ["INSUFFICIENT"]
    assert list(wording_codes(none, NO, YES, YES)) == [None]
