"""Which score falls into which group: a group is one row of staging.outcome_count, cell x score x visit.

Cells are numbered kind by kind, so the groups of one kind of cell are neighbours, and a score that falls
into one cell of each kind is looked at once per kind instead of being copied thirty times. A cell made of
the same strata as an earlier one (a clinic that is alone in its condition) holds the same scores: nothing
is computed for it, it is given what the earlier one has.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from flows.stats.moments import Floats, Ints
from flows.steps.infer_tables import compact, first_alike

Columns = dict[str, NDArray[Any]]  # numbers as doubles or whole numbers, words as objects
_COUNTS = """
select c.*, s.instrument, s.score_id, s.declared_test, s.mic_value, s.mic_unit,
    c.visit_no = 0 or s.is_change_score as is_unpaired,
    case s.direction when 'higher_worse' then -1.0 else 1.0 end as sign,
    f.cell_no is not null as is_member
from staging.outcome_count as c
join staging.outcome_score as s on s.score_no = c.score_no
left join staging.outcome_family as f
    on f.cell_no = c.cell_no and f.score_no = c.score_no and f.visit_no = c.visit_no
order by c.cell_no, c.score_no, c.visit_no
"""
_SCORES = """
select enrolment_no, score_no, visit_no, aval, base, improve, pchg,
    case when is_due then improve end as improve_due
from facts.fct_outcome_figure
where aval is not null
"""
_STRATA = "select enrolment_no, stratum_no from staging.outcome_stratum"


@dataclass(frozen=True)
class Scores:
    """Valid scores in the order of enrolments; each belongs to a leaf, one stratum x score x visit.

    Leaves are few and scores are many: what depends on the leaf alone is found out for the few.
    """

    stratum: Ints  # of each leaf
    score_visit: Ints  # of each leaf: its place among the combinations of score and visit
    leaf: Ints  # of each score
    values: dict[str, Floats]

    def where(self, column: str) -> "Scores":
        """Those in which this column is known."""
        return self.among(~np.isnan(self.values[column]))

    def among(self, kept: NDArray[np.bool_]) -> "Scores":
        """Some of them (one truth value each)."""
        if kept.all():
            return self
        values = {name: value[kept] for name, value in self.values.items()}
        return replace(self, leaf=self.leaf[kept], values=values)


@dataclass(frozen=True)
class Groups:
    """The groups in the order of their cells, scores and visits; `counts` are the columns of staging.outcome_count
    and what staging.outcome_score and outcome_family say of each."""

    counts: Columns
    cells: Ints  # number of the cell, by stratum and kind; both count from 1
    first: Ints  # by cell: the first cell of the same strata, the cell itself if none was before it
    score_visit_of: Ints  # place among the combinations, by score and visit
    place_of: Ints  # place of the group, by cell and score x visit

    @property
    def n(self) -> int:
        """How many there are."""
        return len(self.counts["cell_no"])

    def number(self, column: str) -> Floats:
        """A count as doubles."""
        return self.counts[column].astype(np.float64)

    def place(self, cell_no: int, score_no: int, visit_no: int) -> int:
        """Place of one group."""
        return int(self.place_of[cell_no, self.score_visit_of[score_no, visit_no]])

    def kinds(self, stratum: Ints, score_visit: Ints) -> Iterator[tuple[Ints, int, int]]:
        """For each kind of cell: the group of each leaf, counted from `start`, and `start`, `stop`.

        -1 where the cell holds the strata of an earlier one: see `from_first`.
        """
        for kind in range(1, self.cells.shape[1]) if len(stratum) else ():
            cell = self.cells[stratum, kind]
            is_new = self.first[cell] == cell
            if is_new.any():
                places = self.place_of[cell, score_visit]
                start, stop = int(places[is_new].min()), int(places[is_new].max()) + 1
                yield np.where(is_new, places - start, -1), start, stop

    def from_first(self, columns: Columns) -> Columns:
        """The columns with what the first cell of the same strata has in each group."""
        score_visit = self.score_visit_of[self.counts["score_no"], self.counts["visit_no"]]
        source = self.place_of[self.first[self.counts["cell_no"]], score_visit]
        return {name: column[source] for name, column in columns.items()}


def read_groups(connection: duckdb.DuckDBPyConnection) -> Groups:
    """The groups of this build."""
    counts = read_columns(connection, _COUNTS)
    cell, score, visit = (counts[name] for name in ("cell_no", "score_no", "visit_no"))
    in_use = np.zeros((score.max(initial=-1) + 1, visit.max(initial=-1) + 1), bool)
    in_use[score, visit] = True
    score_visit_of = (np.cumsum(in_use) - 1).reshape(in_use.shape)
    cells = _cells_of_strata(connection)
    place_of = np.zeros((int(cells.max()) + 1, int(in_use.sum())), np.int64)
    place_of[cell, score_visit_of[score, visit]] = np.arange(len(cell))
    return Groups(counts, cells, first_alike(list(cells.T[1:])), score_visit_of, place_of)


def _cells_of_strata(connection: duckdb.DuckDBPyConnection) -> Ints:
    """Cell number by (stratum number, kind of cell); both count from 1."""
    cell = read_columns(
        connection, "select stratum_no, cell_kind, cell_no from staging.outcome_cell"
    )
    stratum, kind, number = (
        cell[c].astype(np.int64) for c in ("stratum_no", "cell_kind", "cell_no")
    )
    table = np.zeros((stratum.max(initial=0) + 1, kind.max(initial=0) + 1), np.int64)
    table[stratum, kind] = number
    return table


def read_scores(connection: duckdb.DuckDBPyConnection, groups: Groups) -> Scores:
    """Every valid score of the release."""
    columns = read_columns(connection, _SCORES)
    enrolment = columns.pop("enrolment_no")
    order = np.argsort(enrolment, kind="stable")
    columns = {name: column[order] for name, column in columns.items()}
    strata = read_columns(connection, _STRATA)
    stratum_of = np.zeros(strata["enrolment_no"].max(initial=0) + 1, np.int64)
    stratum_of[strata["enrolment_no"]] = strata["stratum_no"]
    stratum = stratum_of[enrolment[order]]
    score_visit = groups.score_visit_of[columns.pop("score_no"), columns.pop("visit_no")]
    n_score_visits = max(1, groups.place_of.shape[1])
    leaf, found = compact(stratum * n_score_visits + score_visit)
    values = {name: column.astype(np.float64) for name, column in columns.items()}
    # 3.3 - 2.3 and 2.3 - 1.3 are the same change: float noise must not make an SD.
    values |= {name: np.round(values[name], 12) for name in ("improve", "improve_due")}
    return Scores(found // n_score_visits, found % n_score_visits, leaf, values)


def read_columns(connection: duckdb.DuckDBPyConnection, query: str) -> Columns:
    """Columns of a query as plain arrays: NULL in a number becomes NaN."""
    fetched = connection.execute(query).fetchnumpy()
    return {name: _filled(column) for name, column in fetched.items()}


def _filled(column: NDArray[Any]) -> NDArray[Any]:
    """A masked whole number becomes a float with NaN; text keeps its mask out of arithmetic."""
    if isinstance(column, np.ma.MaskedArray) and column.dtype.kind in "fiu":
        filled: Floats = np.ma.filled(column.astype(np.float64), np.nan)
        return filled
    return np.asarray(column)
