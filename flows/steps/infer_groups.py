"""Which score falls into which group: a group is one row of staging.outcome_count, cell x score x visit.

Cells are numbered kind by kind, so the groups of one kind of cell are neighbours, and a score that falls
into one cell of each kind is looked at once per kind instead of being copied thirty times.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from flows.stats.moments import Floats, Ints

Columns = dict[str, NDArray[Any]]  # numbers as doubles or whole numbers, words as objects
_SCORE_VISITS = """
create or replace temp table score_visit as
select row_number() over (order by v.instrument, v.version, v.score_id, v.visit)::integer - 1 as score_visit_no,
    dense_rank() over (order by v.instrument, v.version, v.score_id)::integer as scale_no,
    v.*, s.direction, s.declared_test, s.mic_value, s.mic_unit,
    v.visit = 'BASELINE' or coalesce(s.is_change_score, false) as is_unpaired
from (select distinct instrument, version, score_id, visit from staging.outcome_count) as v
left join staging.outcome_score as s
    on s.instrument = v.instrument and s.version = v.version and s.score_id = v.score_id
order by score_visit_no
"""
_COUNTS = """
select c.*, v.* exclude (instrument, version, score_id, visit),
    case v.direction when 'higher_worse' then -1.0 else 1.0 end as sign,
    c.cell_no::bigint * (select count(*) from score_visit) + v.score_visit_no as group_no,
    f.cell_no is not null as is_member
from staging.outcome_count as c
join score_visit as v
    on v.instrument = c.instrument and v.version = c.version and v.score_id = c.score_id
    and v.visit = c.visit
left join staging.outcome_family as f
    on f.cell_no = c.cell_no and f.instrument = c.instrument and f.version = c.version
    and f.score_id = c.score_id and f.visit = c.visit
order by group_no
"""
_SCORES = """
select s.stratum_no, v.score_visit_no, o.aval, o.base, o.improve, o.pchg,
    case when o.is_due then o.improve end as improve_due
from facts.fct_outcome as o
join staging.outcome_stratum as s on s.enrolment_no = o.enrolment_no
join score_visit as v
    on v.instrument = o.instrument and v.version = o.version and v.score_id = o.score_id
    and v.visit = o.visit
where o.aval is not null
order by o.enrolment_no, v.score_visit_no
"""


@dataclass(frozen=True)
class Scores:
    """Valid scores in key order, by stratum and by number of score x visit."""

    stratum: Ints
    score_visit: Ints
    values: dict[str, Floats]

    def where(self, column: str) -> "Scores":
        """Those in which this column is known."""
        known = ~np.isnan(self.values[column])
        values = {name: value[known] for name, value in self.values.items()}
        return Scores(self.stratum[known], self.score_visit[known], values)


@dataclass(frozen=True)
class Groups:
    """The groups in the order of their numbers; `counts` are the columns of staging.outcome_count and what
    staging.outcome_score and outcome_family say of each."""

    counts: Columns
    cells: Ints
    place_of: Ints
    n_score_visits: int

    @property
    def n(self) -> int:
        """How many there are."""
        return len(self.counts["group_no"])

    def number(self, column: str) -> Floats:
        """A count as doubles."""
        return self.counts[column].astype(np.float64)

    def kinds(self, stratum: Ints, score_visit: Ints) -> Iterator[tuple[Ints, int, int]]:
        """For each kind of cell: the group of each score, counted from `start`, and `start`, `stop`."""
        for kind in range(1, self.cells.shape[1]) if len(stratum) else ():
            places = self.place_of[self.cells[stratum, kind] * self.n_score_visits + score_visit]
            start, stop = int(places.min()), int(places.max()) + 1
            yield places - start, start, stop


def read_groups(connection: duckdb.DuckDBPyConnection) -> Groups:
    """The groups of this build; leaves the temporary table score_visit behind."""
    connection.execute(_SCORE_VISITS)
    counts = read_columns(connection, _COUNTS)
    group_no = counts["group_no"].astype(np.int64)
    counts["group_no"] = group_no
    place_of = np.zeros(group_no.max(initial=0) + 1, np.int64)
    place_of[group_no] = np.arange(len(group_no))
    n_score_visits = int(read_columns(connection, "select count(*) as n from score_visit")["n"][0])
    return Groups(counts, _cells_of_strata(connection), place_of, n_score_visits)


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


def read_scores(connection: duckdb.DuckDBPyConnection) -> Scores:
    """Every valid score of the release."""
    columns = read_columns(connection, _SCORES)
    stratum = columns.pop("stratum_no").astype(np.int64)
    score_visit = columns.pop("score_visit_no").astype(np.int64)
    values = {name: column.astype(np.float64) for name, column in columns.items()}
    # 3.3 - 2.3 and 2.3 - 1.3 are the same change: float noise must not make an SD.
    values |= {name: np.round(values[name], 12) for name in ("improve", "improve_due")}
    return Scores(stratum, score_visit, values)


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
