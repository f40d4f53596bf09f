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
--   like_cell_no   smallest number of the cells of the same strata: what is dear is computed once, for that one
with
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
    from staging.adherence_stratum as stratum
    cross join ref.cell as cell
),

numbered as (
    select
        *,
        cast(dense_rank() over (
            order by level, condition, duration_band, modality, arm, setting, clinic_id
        ) as integer) as cell_no
    from placed
),

-- Where all have the same arm, or a group is one condition, several cells are of the same people.
membership as (
    select cell_no, list(case when is_judged then stratum_no else -stratum_no end order by stratum_no) as strata
    from numbered
    group by cell_no
),

alike as (
    select cell_no, min(cell_no) over (partition by strata) as like_cell_no
    from membership
)

select
    numbered.cell_no,
    numbered.stratum_no,
    numbered.level,
    numbered.condition,
    numbered.duration_band,
    numbered.modality,
    numbered.arm,
    numbered.setting,
    numbered.clinic_id,
    numbered.is_judged,
    alike.like_cell_no
from numbered
join alike on alike.cell_no = numbered.cell_no
