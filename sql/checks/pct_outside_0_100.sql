-- A percentage below 0 or above 100: its numerator is not a part of its denominator.
-- The tolerance is for the last bits of a Wilson limit at 0 or 100 %.
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
    where least(*columns('^pct_')) < -1e-9 or greatest(*columns('^pct_')) > 100 + 1e-9
),

adherence_week as (
    select
        'mart_adherence_week' as mart,
        concat_ws(
            ' / ', level, condition, duration_band, modality, arm, setting, clinic_id,
            programme_week
        ) as cell,
    from marts.mart_adherence_week
    where least(*columns('^pct_')) < -1e-9 or greatest(*columns('^pct_')) > 100 + 1e-9
),

outcome as (
    select
        'mart_outcome' as mart,
        concat_ws(
            ' / ', level, condition, duration_band, modality, arm, setting, clinic_id,
            instrument, version, score_id, visit
        ) as cell,
    from marts.mart_outcome
    where least(*columns('^pct_')) < -1e-9 or greatest(*columns('^pct_')) > 100 + 1e-9
)

select mart, cell from adherence
union all
select mart, cell from adherence_week
union all
select mart, cell from outcome
order by mart, cell
