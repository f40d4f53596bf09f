-- One row per landed export file, from the newest export to the oldest.
-- Newest by the source's own export time, never by arrival; equal times: the larger file hash. In a snapshot source only
-- the newest export speaks: what it lacks was deleted. A delete file is no export of data, so it makes no snapshot old.
-- key: file_key
-- columns:
--   file_key     landed file
--   clinic_id    clinic of its source
--   source_id    its source
--   exported_at  when the source wrote it
--   file_rank    1 = newest of all
--   is_dropped   an older snapshot of a source that sends full exports
with newest as (
    select clinic_id, source_id, max(exported_at) as exported_at
    from landed.file
    where table_name <> 'deleted'
    group by clinic_id, source_id
)

select
    file.file_key,
    file.clinic_id,
    file.source_id,
    file.exported_at,
    row_number() over (
        order by file.exported_at desc, file.file_sha256 desc, file.clinic_id, file.source_id, file.file_name
    ) as file_rank,
    file.table_name <> 'deleted' and file.mode = 'snapshot' and file.exported_at < newest.exported_at as is_dropped
from landed.file as file
left join newest on newest.clinic_id = file.clinic_id and newest.source_id = file.source_id
