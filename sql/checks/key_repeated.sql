-- A cell that stands in its mart more than once: every reader would take the one that comes first.
-- key: mart, cell
-- columns:
--   mart  mart that holds the offending row
--   cell  key of the offending row
with
adherence as (
    select
        'mart_adherence' as mart,
        concat_ws(
            ' / ', level, condition, duration_band, modality, arm, setting, clinic_id
        ) as cell,
    from marts.mart_adherence
    group by all
    having count(*) > 1
),

adherence_week as (
    select
        'mart_adherence_week' as mart,
        concat_ws(
            ' / ', level, condition, duration_band, modality, arm, setting, clinic_id,
            programme_week
        ) as cell,
    from marts.mart_adherence_week
    group by all
    having count(*) > 1
),

outcome as (
    select
        'mart_outcome' as mart,
        concat_ws(
            ' / ', level, condition, duration_band, modality, arm, setting, clinic_id,
            instrument, version, score_id, visit
        ) as cell,
    from marts.mart_outcome
    group by all
    having count(*) > 1
)

select mart, cell from adherence
union all
select mart, cell from adherence_week
union all
select mart, cell from outcome
order by mart, cell
