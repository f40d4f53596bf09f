"""Tests of the changes: Wilcoxon's signed ranks with the Hodges-Lehmann estimate, Student's t, and the
p-values adjusted within the family that was fixed before looking (sql/staging/outcome_family.sql).

No test below `outcome.min_pairs_test` pairs. Changes are few distinct numbers, so groups are held as
tables of number and count: a network of any size costs what its distinct changes cost.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.stats.mean import t_test
from flows.stats.moments import Floats, Ints
from flows.stats.multiplicity import benjamini_hochberg, holm
from flows.stats.signed_rank import (
    HodgesLehmann,
    SignedRank,
    WalshTable,
    hodges_lehmann_of_counts,
    signed_rank_of_counts,
)
from flows.steps.infer_groups import Columns, Groups, Scores

FAMILY = "mart_outcome.primary"
# A questionnaire with more distinct changes is measured rather than counted; its groups are listed one by one.
TABLED_UP_TO = 600
RANKED = ("p_wilcoxon", "n_zero", "hl_median", "hl_ci_lo", "hl_ci_hi")


@dataclass(frozen=True)
class Plan:
    """What is done with each group, from its number of pairs and from declarations alone.

    is_tested: enough pairs for a p. by_t: Student's t is the primary test, else Wilcoxon's. is_member: its
    primary p belongs to the family.
    """

    is_tested: NDArray[np.bool_]
    by_t: NDArray[np.bool_]
    is_member: NDArray[np.bool_]


@dataclass(frozen=True)
class Changes:
    """Distinct changes (rounded to 9 decimals) of each group with their counts; both sorted."""

    group: Ints
    value: Floats
    count: Ints

    def by_group(self) -> Iterator[tuple[int, Floats, Ints]]:
        """Each group with its distinct changes and their counts."""
        bounds = np.flatnonzero(np.diff(self.group)) + 1
        starts, stops = [0, *bounds.tolist()], [*bounds.tolist(), len(self.group)]
        for start, stop in zip(starts, stops, strict=True) if len(self.group) else ():
            yield int(self.group[start]), self.value[start:stop], self.count[start:stop]


def plan_of(groups: Groups, min_pairs: float, t_min_pairs: float) -> Plan:
    """The plan that policy and questionnaires declare."""
    n_pair = groups.number("n_pair")
    is_tested = (n_pair >= min_pairs) & ~groups.counts["is_unpaired"].astype(np.bool_)
    by_t = is_tested & (groups.counts["declared_test"] == "t") & (n_pair >= t_min_pairs)
    return Plan(is_tested, by_t, is_tested & groups.counts["is_member"].astype(np.bool_))


def changes_of(scores: Scores, groups: Groups, plan: Plan) -> Changes:
    """The distinct changes of every group that is tested, but for cells that hold what an earlier one holds."""
    pairs = scores.where("improve")
    value, code = np.unique(np.round(pairs.values["improve"], 9), return_inverse=True)
    n_values = max(len(value), 1)
    # Counted by leaf first: what follows is as long as the distinct changes, not as the people.
    key, times = np.unique(pairs.leaf * n_values + code, return_counts=True)
    leaf, code = np.divmod(key, n_values)
    found = [
        _counted(
            np.where(place < 0, -1, place + start)[leaf], code, times, plan.is_tested, n_values
        )
        for place, start, _ in groups.kinds(scores.stratum, scores.score_visit)
    ]
    if not found:
        return Changes(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))
    group, code, count = (np.concatenate(column) for column in zip(*found, strict=True))
    return Changes(group, value[code], count)


def _counted(
    group: Ints, code: Ints, times: Ints, is_tested: NDArray[np.bool_], n_values: int
) -> tuple[Ints, Ints, Ints]:
    """Tested groups of one kind of cell, changes by code, counts."""
    kept = (group >= 0) & is_tested[group]
    key, place = np.unique(group[kept] * n_values + code[kept], return_inverse=True)
    counts = np.bincount(place, times[kept], len(key)).astype(np.int64)
    return key // n_values, key % n_values, counts


def rank_columns(
    changes: Changes, n_groups: int, level: float, scale: Ints | None = None
) -> Columns:
    """Wilcoxon's test (zeros dropped and counted) and the Hodges-Lehmann estimate of each tested group.

    `scale` numbers the questionnaire of each group: what changes can be is worked out once for all of it.
    """
    columns: Columns = {name: np.full(n_groups, np.nan) for name in RANKED}
    method = np.full(n_groups, None, object)
    scales = np.zeros(n_groups, np.int64) if scale is None else scale
    known: dict[bytes, tuple[SignedRank, HodgesLehmann]] = {}  # a cell and its only part are equal
    tables = _tables(changes, scales)
    for group, value, count in changes.by_group():
        content = value.tobytes() + count.tobytes()
        if content not in known:
            known[content] = (
                signed_rank_of_counts(value, count),
                _middle(value, count, level, tables.get(int(scales[group]))),
            )
        rank, middle = known[content]
        told = (rank.p, rank.n_zero, middle.estimate, middle.lower, middle.upper)
        for name, number in zip(RANKED, told, strict=True):
            columns[name][group] = number
        method[group] = rank.method
    return columns | {"wilcoxon_method": method}


def _tables(changes: Changes, scales: Ints) -> dict[int, tuple[Floats, WalshTable]]:
    """The possible changes of each questionnaire that has few of them, with their Walsh averages."""
    of_change = scales[changes.group]
    tables = {}
    for scale in np.unique(of_change).tolist():
        values = np.unique(changes.value[of_change == scale])
        if len(values) <= TABLED_UP_TO:
            tables[scale] = (values, WalshTable.of(values))
    return tables


def _middle(
    value: Floats, count: Ints, level: float, known: tuple[Floats, WalshTable] | None
) -> HodgesLehmann:
    if known is None:
        return hodges_lehmann_of_counts(value, count, level)
    values, table = known
    counts = np.zeros(len(values), np.int64)
    counts[np.searchsorted(values, value)] = count
    return hodges_lehmann_of_counts(values, counts, level, table)


def p_columns(plan: Plan, n: Ints, mean: Floats, sd: Floats, p_wilcoxon: Floats) -> Columns:
    """p of both tests, the primary one of them, and within the family Holm's p and Benjamini-Hochberg's q."""
    p_t = np.where(plan.is_tested, t_test(n, mean, sd)[1], np.nan)
    # Where all changes are equal there is no t; the ranks still tell.
    by_t = plan.by_t & ~np.isnan(p_t)
    p_primary = np.where(by_t, p_t, p_wilcoxon)
    members = np.where(plan.is_member, p_primary, np.nan)
    size = int(np.count_nonzero(plan.is_member))
    return {
        "p_t": p_t, "primary_test": _named(by_t, plan), "p_primary": p_primary,
        "p_holm": holm(members), "q_bh": benjamini_hochberg(members),
        "family_id": _words(FAMILY, plan.is_member),
        "family_m": np.where(plan.is_member, float(size), np.nan),
    }  # fmt: skip


def _words(word: str, where: NDArray[np.bool_]) -> NDArray[np.object_]:
    words: NDArray[np.object_] = np.full(len(where), None, object)
    words[where] = word
    return words


def _named(by_t: NDArray[np.bool_], plan: Plan) -> NDArray[np.object_]:
    named = _words("wilcoxon", plan.is_tested)
    named[by_t] = "t"
    return named
