-- A row without release or as-of date, of another release, or dated after all its data.
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
    where release_id is null
        or as_of_date is null
        or release_id <> (select run.release_id from ref.run)
        or as_of_date > (select run.as_of_date from ref.run)
),

adherence_week as (
    select
        'mart_adherence_week' as mart,
        concat_ws(
            ' / ', level, condition, duration_band, modality, arm, setting, clinic_id,
            programme_week
        ) as cell,
    from marts.mart_adherence_week
    where release_id is null
        or as_of_date is null
        or release_id <> (select run.release_id from ref.run)
        or as_of_date > (select run.as_of_date from ref.run)
),

outcome as (
    select
        'mart_outcome' as mart,
        concat_ws(
            ' / ', level, condition, duration_band, modality, arm, setting, clinic_id,
            instrument, version, score_id, visit
        ) as cell,
    from marts.mart_outcome
    where release_id is null
        or as_of_date is null
        or release_id <> (select run.release_id from ref.run)
        or as_of_date > (select run.as_of_date from ref.run)
)

select mart, cell from adherence
union all
select mart, cell from adherence_week
union all
select mart, cell from outcome
order by mart, cell
