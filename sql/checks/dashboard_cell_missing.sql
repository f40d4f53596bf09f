-- A cell of the analyst's mart that dashboard.duckdb lacks: figures are hidden, never cells.
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
    anti join dashboard.marts.mart_adherence using (
        level, condition, duration_band, modality, arm, setting, clinic_id
    )
),

adherence_week as (
    select
        'mart_adherence_week' as mart,
        concat_ws(
            ' / ', level, condition, duration_band, modality, arm, setting, clinic_id,
            programme_week
        ) as cell,
    from marts.mart_adherence_week
    anti join dashboard.marts.mart_adherence_week using (
        level, condition, duration_band, modality, arm, setting, clinic_id,
        programme_week
    )
),

outcome as (
    select
        'mart_outcome' as mart,
        concat_ws(
            ' / ', level, condition, duration_band, modality, arm, setting, clinic_id,
            instrument, version, score_id, visit
        ) as cell,
    from marts.mart_outcome
    anti join dashboard.marts.mart_outcome using (
        level, condition, duration_band, modality, arm, setting, clinic_id,
        instrument, version, score_id, visit
    )
)

select mart, cell from adherence
union all
select mart, cell from adherence_week
union all
select mart, cell from outcome
order by mart, cell
