-- A count in dashboard.duckdb from 1 to threshold - 1: so few people could be recognised.
-- key: mart, cell
-- columns:
--   mart  mart that holds the offending row
--   cell  key of the offending row
with
threshold as (
    select value from dashboard.ref.policy where key = 'disclosure.threshold'
),

adherence as (
    select
        'mart_adherence' as mart,
        concat_ws(
            ' / ', level, condition, duration_band, modality, arm, setting, clinic_id
        ) as cell,
        list_value(*columns('^n_')) as counts,
    from dashboard.marts.mart_adherence
),

adherence_week as (
    select
        'mart_adherence_week' as mart,
        concat_ws(
            ' / ', level, condition, duration_band, modality, arm, setting, clinic_id,
            programme_week
        ) as cell,
        list_value(*columns('^n_')) as counts,
    from dashboard.marts.mart_adherence_week
),

outcome as (
    select
        'mart_outcome' as mart,
        concat_ws(
            ' / ', level, condition, duration_band, modality, arm, setting, clinic_id,
            instrument, version, score_id, visit
        ) as cell,
        list_value(*columns('^n_')) as counts,
    from dashboard.marts.mart_outcome
),

published as (
    select mart, cell, counts from adherence
    union all
    select mart, cell, counts from adherence_week
    union all
    select mart, cell, counts from outcome
)

select mart, cell
from published
cross join threshold
where len(list_filter(counts, lambda n: n >= 1 and n < threshold.value)) > 0
order by mart, cell
