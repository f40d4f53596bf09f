-- One row per stratum x kind of cell: the cell into which all its enrolments fall.
-- key: stratum_no, cell_kind
-- columns:
--   stratum_no     stratum
--   cell_kind      number of the row of ref.cell; every stratum has each kind once
--   cell_no        dense number of the cell
--   level          condition, group or all
--   condition      condition, its group, or all
--   duration_band  band or all
--   modality       modality or all
--   arm            arm or all
--   setting        setting or all
--   clinic_id      clinic or all
with kind as (
    select
        row_number() over (order by level, duration, split)::integer as cell_kind,
        level, duration, split,
    from ref.cell
),
placed as (
    select
        s.stratum_no, k.cell_kind, k.level,
        case k.level when 'condition' then s.condition when 'group' then s.condition_group
            else 'all' end as condition,
        case k.duration when 'band' then s.duration_band else 'all' end as duration_band,
        case k.split when 'modality' then s.modality else 'all' end as modality,
        case k.split when 'arm' then s.arm else 'all' end as arm,
        case k.split when 'setting' then s.setting else 'all' end as setting,
        case k.split when 'clinic_id' then s.clinic_id else 'all' end as clinic_id,
    from staging.outcome_stratum_name as s
    cross join kind as k
)
select
    stratum_no, cell_kind,
    dense_rank() over (
        order by cell_kind, condition, duration_band, modality, arm, setting, clinic_id
    )::integer as cell_no,
    level, condition, duration_band, modality, arm, setting, clinic_id,
from placed
