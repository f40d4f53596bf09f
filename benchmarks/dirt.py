"""Dirt as real exports have it: bad rows, each of which falls to exactly one rule, and harmless ones.

Rows are spoiled in the clinic's own words, just before they become bytes, so that what was planted
is known to the line: `tests/e2e/test_demo.py` compares it with `ops.refused_row`.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Row = dict[str, Any]
DUPLICATE = "duplicate_key"
REPEATED_SHARE = 0.004  # identical rows sent twice: superseded, never refused


@dataclass(frozen=True)
class Spoil:
    """One way to make a row fall to a rule: a column takes one of these values.

    With `duplicate_key` the row stays as it is and a copy with the other value follows it.
    """

    rule: str
    column: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Export:
    """One export file before it becomes bytes: rows in the clinic's own columns and words."""

    source: str
    file_name: str
    format: str  # a key of formats.WRITERS
    rows: list[Row]
    spoils: tuple[Spoil, ...] = ()
    # Columns (with their prefix) that make a spoiled row somebody new. Used for enrolments: spoiling
    # one in place would also orphan all sessions of that person, and one bad row must be one refusal.
    newcomer: dict[str, str] = field(default_factory=dict)
    is_keyed: bool = True  # False: an identical row is a second session, not a repetition
    untouched: frozenset[int] = frozenset()  # rows that other files export again
    has_empty_last_row: bool = False


@dataclass(frozen=True)
class Soiled:
    """The rows of an export with their dirt; bad maps a position in rows to the rule it falls to."""

    rows: list[Row]
    bad: dict[int, str]
    repeated: int


def soil(export: Export, share: float, rng: np.random.Generator) -> Soiled:
    """Plant bad rows of every kind in turn, and a few identical repetitions."""
    free = [i for i in range(len(export.rows)) if i not in export.untouched]
    order = [free[i] for i in rng.permutation(len(free))]
    kinds = [export.spoils[i] for i in rng.permutation(len(export.spoils))]
    n_bad = min(len(order), max(1, round(share * len(export.rows)))) if share and kinds else 0
    spoiled = {row: kinds[n % len(kinds)] for n, row in enumerate(order[:n_bad])}
    n_repeated = round(REPEATED_SHARE * len(order)) if share and export.is_keyed else 0
    repeated = set(order[n_bad : n_bad + n_repeated])

    rows: list[Row] = []
    bad: dict[int, str] = {}
    for position, row in enumerate(export.rows):
        spoil = spoiled.get(position)
        keeps_row = spoil is None or spoil.rule == DUPLICATE or bool(export.newcomer)
        if keeps_row:
            rows.append(row)
        if position in repeated:
            rows.append(row)
        if spoil is not None:
            bad[len(rows)] = spoil.rule
            rows.append(_spoiled(export, row, spoil, len(bad), rng))
    return Soiled(rows, bad, len(repeated))


def _spoiled(export: Export, row: Row, spoil: Spoil, number: int, rng: np.random.Generator) -> Row:
    values = [value for value in spoil.values if value != row[spoil.column]]
    result = dict(row)
    if spoil.rule != DUPLICATE:
        result |= {column: f"{prefix}{number:03d}" for column, prefix in export.newcomer.items()}
    return result | {spoil.column: values[int(rng.integers(len(values)))]}
