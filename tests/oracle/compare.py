"""Cell by cell and column by column: what two versions of a mart do not agree on."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

MartRow = Mapping[str, Any]
TOLERANCE = 1e-9


def differences(
    ours: Mapping[Any, MartRow], theirs: Mapping[Any, MartRow], columns: Iterable[str]
) -> list[str]:
    """One line per missing row, row too many, or figure that differs."""
    found = [f"{key}: not in the mart" for key in ours.keys() - theirs.keys()]
    found += [f"{key}: not in the oracle" for key in theirs.keys() - ours.keys()]
    columns = sorted(columns)
    for key in ours.keys() & theirs.keys():
        for column in columns:
            oracle, mart = ours[key][column], theirs[key][column]
            if not are_equal(oracle, mart):
                found.append(f"{key}: {column}: oracle {oracle!r}, mart {mart!r}")
    return sorted(found)


def are_equal(oracle: Any, mart: Any) -> bool:
    """The same value; numbers to 1e-9, relative above one."""
    if oracle is None or mart is None:
        return oracle is mart
    if is_number(oracle) and is_number(mart):
        return math.isclose(oracle, mart, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(oracle == mart)


def is_number(value: Any) -> bool:
    """A figure, not a flag."""
    return isinstance(value, int | float) and not isinstance(value, bool)
