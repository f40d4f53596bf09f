-- One row per record that its source took back: in a delete file, or by a form that says it was entered in error.
-- All that was exported of it up to then is gone, whenever it arrives; exported again later, it stands.
-- key: clinic_id, source_id, record_id
-- columns:
--   clinic_id    clinic
--   source_id    source of the record, and of the deletion
--   record_id    the source's id of the session or survey response
--   exported_at  when the newest export said so
select
    file.clinic_id,
    file.source_id,
    deleted.record_id,
    max(file.exported_at) as exported_at
from landed.deleted as deleted
join landed.file as file on file.file_key = deleted.file_key
group by file.clinic_id, file.source_id, deleted.record_id
