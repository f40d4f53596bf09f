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
--   rows_superseded   replaced by a newer export, deleted, repeated, or merged with another session
--   rows_deleted      of these: taken back by a delete file or as entered in error
--   rows_merged       of these: the same session as another one, or overlapping it (ops.session_merge)
--   rows_ignored      empty
--   rows_fold         sessions in force of which the clock change makes the start ambiguous or impossible
--   parts_refused     parts refused inside accepted records
--   unmapped_columns  columns that were never read
--   dialect           how the file was read, and why
with deleted as (
    select file_key, line from staging.session_outcome where reason = 'deleted'
    union
    select response.file_key, response.line
    from staging.response_row as response
    semi join staging.row_outcome as record
        on record.file_key = response.file_key and record.line = response.line and record.outcome = 'superseded'
    where response.reason = 'deleted'
),

special as (
    select file_key, 1 as n_deleted, 0 as n_merged, 0 as n_fold from deleted
    union all
    select file_key, 0, 1, 0 from staging.session_outcome where reason = 'merged'
    union all
    select file.file_key, 0, 0, 1
    from facts.fct_session_log as session
    join ref.session_file as file on file.file_no = session.file_no
    where session.time_flag is not null
),

counted as (
    select file_key, sum(n_deleted) as n_deleted, sum(n_merged) as n_merged, sum(n_fold) as n_fold
    from special
    group by file_key
),

outcome as (
    select
        file_key,
        count(*) filter (where outcome = 'superseded') as n_superseded,
        count(*) filter (where outcome <> 'superseded') as n_refused
    from staging.row_outcome
    group by file_key
),

-- Parts that only the whole shows to be wrong, of records that stand all the same.
part as (
    select refusal.file_key, count(*) as n_parts
    from staging.build_refusal as refusal
    anti join staging.row_outcome as record on record.file_key = refusal.file_key and record.line = refusal.line
    where refusal.severity in ('cell', 'response')
    group by refusal.file_key
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
    cast(coalesce(counted.n_deleted, 0) as bigint) as rows_deleted,
    cast(coalesce(counted.n_merged, 0) as bigint) as rows_merged,
    file.rows_ignored,
    cast(coalesce(counted.n_fold, 0) as bigint) as rows_fold,
    file.parts_refused + coalesce(part.n_parts, 0) as parts_refused,
    file.unmapped_columns,
    file.dialect
from landed.file as file
left join outcome on outcome.file_key = file.file_key
left join counted on counted.file_key = file.file_key
left join part on part.file_key = file.file_key
order by file.clinic_id, file.source_id, file.file_name
