"""Change within a session, by cell: staging.acute_enrolment -> staging.acute_inference.

Sessions of one person are alike, so each person becomes one mean first and people are what is counted.
The same people in several programmes of a cell are one person there.
"""

from dataclasses import dataclass
from functools import cached_property

import duckdb
import numpy as np
import polars as pl

from flows.stats.mean import t_interval, t_test
from flows.stats.moments import Floats, Ints, grouped_moments
from flows.stats.multiplicity import benjamini_hochberg, holm
from flows.stats.proportion import wilson_interval
from flows.stats.random_intercept import random_intercept
from flows.stats.signed_rank import hodges_lehmann, signed_rank_test
from flows.steps.infer_tables import (
    adjusted_p,
    by_group,
    compact,
    first_alike,
    first_of_each,
    numbers,
    read_cells,
    read_frame,
    read_policy,
    starts_of_persons,
    with_alike,
    write_table,
)  # fmt: skip

_SCORES = """
select a.*, s.stratum_no, s.person_no
from staging.acute_enrolment as a
join staging.outcome_stratum as s on s.enrolment_no = a.enrolment_no
"""
_NAMES = """
select 0::bigint as score_no, 'session_log' as instrument, '0-10' as version, 'pain' as score_id
union all
select score_no, instrument, version, score_id from staging.outcome_score
"""
_ACTIVE = """
select s.stratum_no, s.person_no, s.enrolment_no, l.sessions_active
from staging.adherence_log as l
join staging.outcome_stratum as s on s.enrolment_no = l.enrolment_no
where l.sessions_active > 0
"""
_FAMILY = """
select cell_no from staging.outcome_cell_size
where level = 'condition' and duration_band <> 'all' and modality = 'all' and arm = 'all'
    and setting = 'all' and clinic_id = 'all'
"""
_HEART = """
select cell_no from staging.outcome_cell_size
where modality = 'all' and arm = 'all' and setting = 'all' and clinic_id = 'all'
"""
_POLICY = ("outcome.interval_level", "outcome.min_pairs_test", "acute.rank_max_persons")
MILLIONTHS = 1e6
COUNTED = ("n_sessions", "improve_sum", "improve_squares", "n_sessions_worse",
           "n_sessions_room", "improve_sum_room")  # fmt: skip
RANKS = ("hl_median", "hl_ci_lo", "hl_ci_hi", "p_wilcoxon")


@dataclass(frozen=True)
class Rules:
    """Level of intervals; from how many people a test is made; up to how many ranks are looked at."""

    level: float
    test_from: int
    rank_up_to: int


def infer_acute(connection: duckdb.DuckDBPyConnection) -> None:
    """Create staging.acute_inference: one row per cell x score that was rated before and after sessions."""
    level, test_from, rank_up_to = read_policy(connection, *_POLICY)
    rules = Rules(level, int(test_from), int(rank_up_to))
    rows = read_frame(connection, _SCORES).sort("person_no", "enrolment_no", "score_no")
    active = read_frame(connection, _ACTIVE).sort("person_no", "enrolment_no")
    heart, family = (read_frame(connection, q)["cell_no"].to_numpy() for q in (_HEART, _FAMILY))
    kinds = read_cells(connection)
    first = first_alike(kinds)
    parts = []
    for cell_of in kinds:
        is_new = first[cell_of] == cell_of
        told = _kind(cell_of, _within(rows, is_new), np.unique(first[heart]), rules)
        of_active = _active(cell_of, _within(active, is_new))
        parts.append(told.join(of_active, on="cell_no", how="left"))
    found = with_alike(pl.concat(parts), first).sort("cell_no", "score_no")
    # The first of several cells alike may be one that is split further, where ranks are not shown.
    is_heart = pl.Series(np.isin(found["cell_no"].to_numpy(), heart))
    found = found.with_columns(pl.when(is_heart).then(name).alias(name) for name in RANKS)
    names = read_frame(connection, _NAMES)
    named = _with_family(found, family).join(names, on="score_no", how="left").drop("score_no")
    write_table(connection, "staging.acute_inference", named)


def _within(rows: pl.DataFrame, wanted: np.ndarray) -> pl.DataFrame:
    """Rows of these strata (one truth value each)."""
    return rows.filter(wanted[rows["stratum_no"].to_numpy()])


def _kind(cell_of: Ints, rows: pl.DataFrame, heart: Ints, rules: Rules) -> pl.DataFrame:
    """All cells of one kind, with the scores that were rated in them."""
    cell = cell_of[rows["stratum_no"].to_numpy()]
    score_no = rows["score_no"].to_numpy().astype(np.int64)
    n_scores = int(score_no.max(initial=0)) + 1
    group, keys = compact(cell * n_scores + score_no)
    people = persons(group, rows["person_no"].to_numpy(), {c: numbers(rows[c]) for c in COUNTED})
    columns: dict[str, np.ndarray] = {"cell_no": keys // n_scores, "score_no": keys % n_scores}
    columns |= _figures(people, len(keys), rules)
    columns |= _ranks(people, np.isin(columns["cell_no"], heart), rules)
    return pl.DataFrame(columns)


@dataclass(frozen=True)
class People:
    """One entry per group x person, in that order: sums over the person's sessions in the group."""

    group: Ints
    sums: dict[str, Floats]

    @cached_property
    def mean(self) -> Floats:
        """The person's mean change, in points."""
        return self.sums["improve_sum"] / self.sums["n_sessions"] / MILLIONTHS

    def mean_room(self) -> Floats:
        """The same over sessions with room to improve; NaN without any."""
        n = self.sums["n_sessions_room"]
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.sums["improve_sum_room"] / n / MILLIONTHS

    def within_ss(self) -> Floats:
        """Squared deviations of the person's sessions from that mean."""
        squares = self.sums["improve_squares"] / MILLIONTHS**2
        left: Floats = np.maximum(0.0, squares - self.sums["n_sessions"] * np.square(self.mean))
        return left


def persons(group: Ints, person: Ints, columns: dict[str, Floats]) -> People:
    """Add the enrolments of one person in one group up; entries sorted by person."""
    order = by_group(group)
    group = group[order]
    place = np.flatnonzero(starts_of_persons(group, person[order]))
    if len(place) == len(order):  # nobody came twice, and reduceat has no answer for nobody at all
        return People(group, {name: values[order] for name, values in columns.items()})
    sums = {name: np.add.reduceat(values[order], place) for name, values in columns.items()}
    return People(group[place], sums)


def _figures(people: People, n_groups: int, rules: Rules) -> dict[str, np.ndarray]:
    """Counts, means and intervals of each group."""
    mean, room = people.mean, people.mean_room()
    of_all = grouped_moments(people.group, mean, n_groups)
    with_room = ~np.isnan(room)
    of_room = grouped_moments(people.group[with_room], room[with_room], n_groups)
    mixed = random_intercept(
        people.group, people.sums["n_sessions"], mean, people.within_ss(), n_groups, rules.level
    )
    lower, upper = t_interval(of_all.n, of_all.mean, of_all.sd, rules.level)
    room_lower, room_upper = t_interval(of_room.n, of_room.mean, of_room.sd, rules.level)
    n_worse = np.bincount(people.group, mean < 0, n_groups)
    worse_lower, worse_upper = wilson_interval(n_worse, of_all.n, rules.level)
    return {
        "n_sessions": _sum(people, "n_sessions", n_groups), "n_persons": of_all.n,
        "improve_mean": of_all.mean, "improve_sd": of_all.sd,
        "improve_ci_lo": lower, "improve_ci_hi": upper,
        "p_t": np.where(of_all.n >= rules.test_from, t_test(of_all.n, of_all.mean, of_all.sd)[1], np.nan),
        "n_sessions_room": _sum(people, "n_sessions_room", n_groups), "n_persons_room": of_room.n,
        "improve_room_mean": of_room.mean, "improve_room_sd": of_room.sd,
        "improve_room_ci_lo": room_lower, "improve_room_ci_hi": room_upper,
        "n_persons_any_worse": np.bincount(
            people.group, people.sums["n_sessions_worse"] > 0, n_groups
        ).astype(np.int64),
        "n_sessions_worse": _sum(people, "n_sessions_worse", n_groups),
        "n_persons_worse": n_worse.astype(np.int64), "pct_persons_worse": 100 * n_worse / of_all.n,
        "pct_persons_worse_ci_lo": 100 * worse_lower, "pct_persons_worse_ci_hi": 100 * worse_upper,
        "mixed_improve_mean": mixed.mean, "mixed_improve_ci_lo": mixed.lower,
        "mixed_improve_ci_hi": mixed.upper, "icc": mixed.icc,
    }  # fmt: skip


def _sum(people: People, name: str, n_groups: int) -> Ints:
    return np.bincount(people.group, people.sums[name], n_groups).astype(np.int64)


def _ranks(people: People, is_heart: np.ndarray, rules: Rules) -> dict[str, Floats]:
    """Wilcoxon and Hodges-Lehmann, where there are enough people to test and the cell is not split further."""
    columns = {name: np.full(len(is_heart), np.nan) for name in RANKS}
    bounds = np.searchsorted(people.group, np.arange(len(is_heart) + 1))
    mean = people.mean
    for number in np.flatnonzero(is_heart & (np.diff(bounds) >= rules.test_from)):
        values = mean[bounds[number] : bounds[number + 1]]
        columns["p_wilcoxon"][number] = signed_rank_test(values).p
        if len(values) <= rules.rank_up_to:
            found = hodges_lehmann(values, rules.level)
            columns["hl_median"][number] = found.estimate
            columns["hl_ci_lo"][number], columns["hl_ci_hi"][number] = found.lower, found.upper
    return columns


def _active(cell_of: Ints, active: pl.DataFrame) -> pl.DataFrame:
    """People with any session of the programme, and their sessions, by cell: the denominators."""
    group, cells = compact(cell_of[active["stratum_no"].to_numpy()])
    people = first_of_each(group, active["person_no"].to_numpy())
    sessions = np.bincount(group, active["sessions_active"].to_numpy(), len(cells))
    return pl.DataFrame({
        "cell_no": cells,
        "n_persons_active": np.bincount(group[people], minlength=len(cells)),
        "n_sessions_active": sessions.astype(np.int64),
    })  # fmt: skip


def _with_family(found: pl.DataFrame, family: Ints) -> pl.DataFrame:
    """Tests of cells of condition x duration band are one family, whatever came out of them."""
    p = found["p_wilcoxon"].to_numpy()
    members = np.isin(found["cell_no"].to_numpy(), family) & ~np.isnan(p)
    name = pl.Series("family_id", np.where(members, "acute", ""))
    return found.with_columns(
        pl.Series("p_holm", holm(adjusted_p(p, members))),
        pl.Series("q_bh", benjamini_hochberg(adjusted_p(p, members))),
        family_id=pl.when(name != "").then(name),
        family_m=pl.when(pl.Series(members)).then(int(members.sum())),
    )
