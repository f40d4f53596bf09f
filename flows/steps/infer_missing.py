"""What the change would be if those who did not answer were counted: the sensitivity columns.

BOCF gives each of them a change of zero. Multiple imputation draws what they would have answered, given
baseline, adherence and age; it is dear, so it is done for the members of the family only (one per
cell of condition x band and domain), where condition and band are the same for everybody and predict nothing.
"""

import duckdb
import numpy as np

from flows.stats.imputation import imputed_mean, seed_of
from flows.stats.moments import Floats
from flows.steps.infer_groups import Columns, Groups, read_columns

_MEMBERS = """
select f.cell_no, f.score_no, f.visit_no,
    [concat_ws('|', z.condition, z.duration_band), s.instrument, s.version, s.score_id, v.visit] as seed
from staging.outcome_family as f
join staging.outcome_cell_size as z on z.cell_no = f.cell_no
join staging.outcome_score as s on s.score_no = f.score_no
join staging.outcome_visit as v on v.visit_no = f.visit_no
order by f.cell_no, f.score_no, f.visit_no
"""
_DUE = """
with member as (
    select *, row_number() over (order by cell_no, score_no, visit_no) - 1 as member_no
    from staging.outcome_family
),
placed as (
    select m.member_no, m.score_no, m.visit_no, c.stratum_no
    from member as m
    join staging.outcome_cell as c on c.cell_no = m.cell_no
)
select
    p.member_no, o.enrolment_no, o.improve, o.base,
    coalesce(a.adherence_capped, 0) as adherence,
    (a.adherence_capped is null)::double as adherence_unknown,
    coalesce(try_cast(left(e.age_band, 2) as double), 0) as age,
    (try_cast(left(e.age_band, 2) as double) is null)::double as age_unknown
from facts.fct_outcome_figure as o
join staging.outcome_stratum as t on t.enrolment_no = o.enrolment_no
join placed as p
    on p.stratum_no = t.stratum_no and p.score_no = o.score_no and p.visit_no = o.visit_no
left join facts.fct_adherence_figure as a on a.enrolment_no = o.enrolment_no
left join facts.fct_enrolment as e on e.enrolment_no = o.enrolment_no
where o.is_due and o.base is not null
"""
_PREDICTORS = ("base", "adherence", "adherence_unknown", "age", "age_unknown")
IMPUTED = ("sens_mi_mean", "sens_mi_ci_lo", "sens_mi_ci_hi")


def bocf_column(improve_mean: Floats, n_answered: Floats, groups: Groups) -> Floats:
    """Mean improvement of all who were due and had a baseline, no answer counted as no change.

    `improve_mean` is that of the n_answered pairs among the due.
    """
    n = groups.number("n_due_baseline")
    total = np.nan_to_num(improve_mean) * np.nan_to_num(n_answered)
    mean: Floats = np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0)
    return mean


def imputed_columns(
    connection: duckdb.DuckDBPyConnection, groups: Groups, n_draws: int, level: float
) -> Columns:
    """Mean improvement of the due, imputed where not answered, with its limits; for members of the family."""
    columns: Columns = {name: np.full(groups.n, np.nan) for name in IMPUTED}
    members = connection.execute(_MEMBERS).fetchall()
    if not members:
        return columns
    due = read_columns(connection, _DUE)
    order = np.lexsort((due["enrolment_no"], due["member_no"]))
    improve = due["improve"][order].astype(np.float64).round(12)
    predictors = np.column_stack([due[name].astype(np.float64)[order] for name in _PREDICTORS])
    bounds = np.searchsorted(due["member_no"][order], np.arange(len(members) + 1)).tolist()
    for (*place, seed), start, stop in zip(members, bounds, bounds[1:], strict=False):
        part = slice(start, stop)
        found = imputed_mean(improve[part], predictors[part], n_draws, seed_of(*seed), level)
        if found is not None:
            for name, number in zip(IMPUTED, (found.mean, found.lower, found.upper), strict=True):
                columns[name][groups.place(*place)] = number
    return columns
