-- A margin that is not the sum of its parts: an enrolment was lost or counted twice.
-- Added up over every column that can be `all`; over conditions the margin is level `all`.
-- key: mart, cell
-- columns:
--   mart  mart that holds the offending row
--   cell  key of the offending margin, and the column over which its parts were added up
with
cell as (
    select level, condition, duration_band, modality, arm, setting, clinic_id, n_enrolled
    from marts.mart_adherence
),

added as (
    select 'duration_band' as dimension, * replace ('all' as duration_band) from cell
    where duration_band <> 'all'
    union all
    select 'modality', * replace ('all' as modality) from cell where modality <> 'all'
    union all
    select 'arm', * replace ('all' as arm) from cell where arm <> 'all'
    union all
    select 'setting', * replace ('all' as setting) from cell where setting <> 'all'
    union all
    select 'clinic_id', * replace ('all' as clinic_id) from cell where clinic_id <> 'all'
    union all
    select level, * replace ('all' as level, 'all' as condition) from cell where level <> 'all'
),

total as (
    select
        dimension, level, condition, duration_band, modality, arm, setting, clinic_id,
        sum(n_enrolled) as n_enrolled,
    from added
    group by all
)

select
    'mart_adherence' as mart,
    concat_ws(
        ' / ', level, condition, duration_band, modality, arm, setting, clinic_id,
        concat('by ', dimension)
    ) as cell,
from total
join cell using (level, condition, duration_band, modality, arm, setting, clinic_id)
where total.n_enrolled is distinct from cell.n_enrolled
order by mart, cell
