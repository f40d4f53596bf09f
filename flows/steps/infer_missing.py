"""What the change would be if those who did not answer were counted: the sensitivity columns.

BOCF gives each of them a change of zero. Multiple imputation draws what they would have answered, given
baseline, adherence and age; it is dear, so it is done for the members of the family only (one per
cell of condition x band and domain), where condition and band are the same for everybody and predict nothing.
"""

import duckdb
import numpy as np
import polars as pl

from flows.stats.imputation import imputed_mean, seed_of
from flows.stats.moments import Floats
from flows.steps.infer_groups import Groups

_DUE = """
select
    f.cell_no, f.instrument, f.version, f.score_id, f.visit, o.base,
    case s.direction when 'higher_worse' then o.base - o.aval else o.aval - o.base end as improve,
    coalesce(a.adherence_capped, 0) as adherence,
    (a.adherence_capped is null)::double as adherence_unknown,
    coalesce(try_cast(left(e.age_band, 2) as double), 0) as age,
    (try_cast(left(e.age_band, 2) as double) is null)::double as age_unknown,
    concat_ws('|', z.condition, z.duration_band) as cell
from staging.outcome_family as f
join staging.outcome_score as s
    on s.instrument = f.instrument and s.version = f.version and s.score_id = f.score_id
join staging.outcome_cell_size as z on z.cell_no = f.cell_no
join staging.outcome_cell as c on c.cell_no = f.cell_no
join staging.outcome_stratum as t on t.stratum_no = c.stratum_no
join facts.fct_outcome as o
    on o.enrolment_no = t.enrolment_no and o.instrument = f.instrument and o.version = f.version
    and o.score_id = f.score_id and o.visit = f.visit
left join facts.fct_adherence as a on a.enrolment_no = o.enrolment_no
left join facts.fct_enrolment as e on e.enrolment_no = o.enrolment_no
where o.is_due and o.base is not null
order by f.cell_no, f.instrument, f.version, f.score_id, o.enrolment_no
"""
_KEY = ["cell_no", "instrument", "version", "score_id", "visit"]
_PREDICTORS = ["base", "adherence", "adherence_unknown", "age", "age_unknown"]
IMPUTED = ("sens_mi_mean", "sens_mi_ci_lo", "sens_mi_ci_hi")


def bocf_column(improve_mean: Floats, n_answered: Floats, groups: Groups) -> Floats:
    """Mean improvement of all who were due and had a baseline, no answer counted as no change.

    `improve_mean` is that of the n_answered pairs among the due.
    """
    n = groups.number("n_due_baseline")
    total = np.nan_to_num(improve_mean) * np.nan_to_num(n_answered)
    mean: Floats = np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0)
    return mean


def imputation_rows(
    connection: duckdb.DuckDBPyConnection, n_draws: int, level: float
) -> pl.DataFrame:
    """One row per member of the family: mean improvement of the due, imputed where not answered."""
    due = connection.execute(_DUE).pl()
    rows = []
    for key, people in due.group_by(_KEY, maintain_order=True):
        cell = str(people["cell"][0])
        improve = people["improve"].fill_null(np.nan).to_numpy().round(12)
        found = imputed_mean(
            improve, people.select(_PREDICTORS).to_numpy(), n_draws,
            seed_of(cell, *map(str, key[1:])), level,
        )  # fmt: skip
        if found is not None:
            told = (found.mean, found.lower, found.upper)
            rows.append(dict(zip((*_KEY, *IMPUTED), (*key, *told), strict=True)))
    schema = {name: due.schema[name] for name in _KEY} | dict.fromkeys(IMPUTED, pl.Float64())
    return pl.DataFrame(rows, schema=schema)
