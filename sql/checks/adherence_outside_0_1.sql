-- Capped adherence below 0 or above 1: sessions beyond the prescription were counted.
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
    where least(*columns('^(minutes_)?adherence_')) < -1e-9
        or greatest(*columns('^(minutes_)?adherence_')) > 1 + 1e-9
)

select mart, cell from adherence
order by mart, cell
