-- One row per stratum x cell: the cells of the adherence marts into which all its enrolments fall.
-- key: cell_no, stratum_no
-- columns:
--   cell_no        dense number of the cell
--   stratum_no     stratum
--   level          condition, group or all
--   condition      condition, its group, or all
--   duration_band  band or all
--   modality       modality or all
--   arm            arm or all
--   setting        setting or all
--   clinic_id      clinic or all
--   is_judged      false for single sessions in the margin over duration: counted there, never averaged
with
stratum as (
    select distinct
        stratum_no, condition, condition_group, duration_band, modality, arm, setting, clinic_id
    from staging.adherence_stratum
),

placed as (
    select
        stratum.stratum_no,
        cell.level,
        case cell.level
            when 'condition' then stratum.condition
            when 'group' then stratum.condition_group
            else 'all'
        end as condition,
        case when cell.duration = 'band' then stratum.duration_band else 'all' end as duration_band,
        case when cell.split = 'modality' then stratum.modality else 'all' end as modality,
        case when cell.split = 'arm' then stratum.arm else 'all' end as arm,
        case when cell.split = 'setting' then stratum.setting else 'all' end as setting,
        case when cell.split = 'clinic_id' then stratum.clinic_id else 'all' end as clinic_id,
        cell.duration = 'band' or stratum.duration_band <> 'single' as is_judged
    from stratum
    cross join ref.cell as cell
)

select
    cast(dense_rank() over (
        order by level, condition, duration_band, modality, arm, setting, clinic_id
    ) as integer) as cell_no,
    stratum_no,
    level,
    condition,
    duration_band,
    modality,
    arm,
    setting,
    clinic_id,
    is_judged
from placed
