-- One row per cell: how many enrolments and people it holds, answered or not.
-- key: cell_no
-- columns:
--   cell_no        cell
--   level          condition, group or all
--   condition      condition, its group, or all
--   duration_band  band or all
--   modality       modality or all
--   arm            arm or all
--   setting        setting or all
--   clinic_id      clinic or all
--   n_enrolled     enrolments that have begun
--   n_persons      people behind them
with member as (
    select stratum_no, person_no, count(*) over (partition by person_no) = 1 as is_alone,
    from staging.outcome_stratum
),
-- Most people have one enrolment: those add up, and only the others must be counted apart.
stratum as (
    select stratum_no, count(*) as n_enrolled, count(*) filter (where is_alone) as n_alone,
    from member
    group by stratum_no
),
several as (
    select c.cell_no, count(distinct m.person_no) as n_persons,
    from member as m
    join staging.outcome_cell as c on c.stratum_no = m.stratum_no
    where not m.is_alone
    group by c.cell_no
),
cell as (
    select
        c.cell_no, c.level, c.condition, c.duration_band, c.modality, c.arm, c.setting, c.clinic_id,
        sum(s.n_enrolled)::bigint as n_enrolled,
        sum(s.n_alone)::bigint as n_alone,
    from staging.outcome_cell as c
    join stratum as s on s.stratum_no = c.stratum_no
    group by all
)
select
    c.cell_no, c.level, c.condition, c.duration_band, c.modality, c.arm, c.setting, c.clinic_id,
    c.n_enrolled,
    c.n_alone + coalesce(s.n_persons, 0) as n_persons,
from cell as c
left join several as s on s.cell_no = c.cell_no
