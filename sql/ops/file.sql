-- One row per export file in force. rows_read = rows_accepted + rows_refused + rows_superseded + rows_ignored.
-- key: file_key
-- columns:
--   file_key          key of the landed file
--   clinic_id         clinic
--   source_id         source
--   table_name        canonical table
--   file_name         export file below the source's folder
--   file_sha256       of the bytes as received
--   exported_at       when the source wrote it
--   mode              delta or snapshot
--   rows_read         source records
--   rows_accepted     of which at least one canonical row stands
--   rows_refused      of which every attempt failed
--   rows_superseded   replaced by a newer export, deleted by a newer snapshot, or repeated
--   rows_ignored      empty
--   parts_refused     parts refused inside accepted records
--   unmapped_columns  columns that were never read
--   dialect           how the file was read, and why
with outcome as (
    select
        file_key,
        count(*) filter (where outcome = 'superseded') as n_superseded,
        count(*) filter (where outcome <> 'superseded') as n_refused
    from staging.row_outcome
    group by file_key
)

select
    file.file_key,
    file.clinic_id,
    file.source_id,
    file.table_name,
    file.file_name,
    file.file_sha256,
    file.exported_at,
    file.mode,
    file.rows_read,
    file.rows_landed - coalesce(outcome.n_superseded, 0) - coalesce(outcome.n_refused, 0) as rows_accepted,
    file.rows_refused + coalesce(outcome.n_refused, 0) as rows_refused,
    coalesce(outcome.n_superseded, 0) as rows_superseded,
    file.rows_ignored,
    file.parts_refused,
    file.unmapped_columns,
    file.dialect
from landed.file as file
left join outcome on outcome.file_key = file.file_key
order by file.clinic_id, file.source_id, file.file_name
