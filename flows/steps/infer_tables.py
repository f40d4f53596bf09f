"""What the inference steps share: columns in, columns out, and who falls into which cell."""

import duckdb
import numpy as np
import polars as pl

from flows.stats.moments import Floats, Ints

# Kinds of cells that are split by condition and duration alone: the heart of every mart and its margins.
_HEART = """
select stratum_no, cell_kind, cell_no
from staging.outcome_cell
where modality = 'all' and arm = 'all' and setting = 'all' and clinic_id = 'all'
order by stratum_no, cell_kind
"""
_CELLS = (
    "select stratum_no, cell_kind, cell_no from staging.outcome_cell order by stratum_no, cell_kind"
)


SCORE = ("instrument", "version", "score_id")
# What stands as the condition of a cell of this level.
_LEVEL_COLUMN = {"condition": "condition", "group": "condition_group"}


def in_cell(rows: pl.DataFrame, level: str, duration: str) -> pl.DataFrame:
    """Rows with the level, condition and duration band of the cell into which they fall."""
    condition = pl.col(_LEVEL_COLUMN[level]) if level in _LEVEL_COLUMN else pl.lit("all")
    band = pl.col("duration_band") if duration == "band" else pl.lit("all")
    return rows.with_columns(
        pl.lit(level).alias("level"), condition.alias("condition"), band.alias("duration_band")
    )


def read_frame(connection: duckdb.DuckDBPyConnection, query: str) -> pl.DataFrame:
    """Rows of a query; sort them there, because sums are added in their order."""
    return connection.sql(query).pl()


def read_policy(connection: duckdb.DuckDBPyConnection, *keys: str) -> tuple[float, ...]:
    """Numbers of ref.policy."""
    told = dict(connection.execute("select key, value from ref.policy").fetchall())
    if missing := [key for key in keys if told.get(key) is None]:
        raise KeyError(f"ref.policy lacks {', '.join(missing)}; see schemas/policy.toml")
    return tuple(float(told[key]) for key in keys)


def write_table(connection: duckdb.DuckDBPyConnection, name: str, rows: pl.DataFrame) -> None:
    """Create the table `name`. NaN is "not observed" here; DuckDB would sort it above every number."""
    connection.register("inferred", rows.fill_nan(None).to_arrow())
    connection.execute(f"create or replace table {name} as select * from inferred")
    connection.unregister("inferred")


def read_cells(connection: duckdb.DuckDBPyConnection, heart_only: bool = False) -> list[Ints]:
    """For each kind of cell: the cell number by stratum number."""
    found = read_frame(connection, _HEART if heart_only else _CELLS)
    if found.is_empty():
        return [np.zeros(1, np.int64)]
    kinds: list[Ints] = []
    for _, rows in found.group_by("cell_kind", maintain_order=True):
        cell_of = np.zeros(int(found["stratum_no"].max() or 0) + 1, np.int64)  # type: ignore[arg-type]
        cell_of[rows["stratum_no"].to_numpy()] = rows["cell_no"].to_numpy()
        kinds.append(cell_of)
    return kinds


def first_alike(kinds: list[Ints]) -> Ints:
    """By cell number: the first cell that holds the same strata, so that nothing need be computed twice.

    A clinic that is alone in its condition is such a cell; where there is one clinic, each is.
    """
    first = np.arange(max((int(cell_of.max()) for cell_of in kinds), default=0) + 1)
    known: dict[bytes, int] = {}
    for cell_of in kinds:
        order = np.argsort(cell_of, kind="stable")
        starts = np.flatnonzero(np.diff(cell_of[order], prepend=-1))
        for cell, strata in zip(cell_of[order][starts], np.split(order, starts[1:]), strict=True):
            first[cell] = known.setdefault(strata.tobytes(), int(cell))
    return first


def with_alike(found: pl.DataFrame, first: Ints) -> pl.DataFrame:
    """The rows of the first cells, for every cell that holds the same strata too."""
    alike = pl.DataFrame({"cell_no": np.arange(len(first)), "first": first})
    return alike.join(found.rename({"cell_no": "first"}), on="first").drop("first")


def dense(*columns: pl.Series) -> tuple[Ints, pl.DataFrame]:
    """Number of each row's combination of values, from 0 in their order, and the combinations."""
    frame = pl.DataFrame(list(columns))
    combinations = frame.unique().sort(frame.columns, nulls_last=True)
    numbered = frame.join(
        combinations.with_row_index("number"), on=frame.columns, how="left",
        nulls_equal=True, maintain_order="left",
    )  # fmt: skip
    return numbered["number"].to_numpy().astype(np.int64), combinations


def numbered(combinations: pl.DataFrame, name: str) -> pl.DataFrame:
    """The combinations of `dense` with their numbers as a column."""
    return combinations.with_row_index(name).cast({name: pl.Int64})


def compact(key: Ints) -> tuple[Ints, Ints]:
    """The same numbers without gaps, from 0, and which number each was: a table instead of a sort."""
    found = np.flatnonzero(np.bincount(key))
    place = np.zeros(key.max(initial=-1) + 1, np.int64)
    place[found] = np.arange(len(found))
    return place[key], found


def by_group(group: Ints) -> Ints:
    """Places in the order of their groups; within a group the order stays."""
    # numpy sorts 16-bit numbers by counting: ten times as fast, and there are hardly ever more groups.
    small = group.max(initial=0) < 2**16
    return np.argsort(group.astype(np.uint16) if small else group, kind="stable")


def starts_of_persons(group: Ints, person: Ints) -> np.ndarray:
    """Whether an entry is the first of its person in its group; entries sorted by group, then person."""
    first = np.ones(len(group), bool)
    first[1:] = (np.diff(group) != 0) | (np.diff(person) != 0)
    return first


def first_of_each(group: Ints, person: Ints) -> Ints:
    """Places of the first entry of each person in each group, groups in order; entries sorted by person."""
    order = by_group(group)
    places: Ints = order[starts_of_persons(group[order], person[order])]
    return places


def numbers(column: pl.Series) -> Floats:
    """A column as doubles, NULL as NaN."""
    return column.cast(pl.Float64).fill_null(np.nan).to_numpy()


def adjusted_p(p: Floats, family: np.ndarray) -> Floats:
    """p where a test is a member of the family, else NaN: what multiplicity.* adjusts."""
    members: Floats = np.where(family, p, np.nan)
    return members
