-- One row per record with a problem that a newer export of its clinic holds too: that one speaks for it.
-- as: view
-- key: clinic_id, table_name, record_key
-- columns:
--   clinic_id   clinic
--   table_name  canonical table
--   record_key  what the record is known by in every export; it never leaves the build
--   file_rank   rank of the newest export that holds it
with
-- Only where several exports of a clinic's table have problems can one of them speak for another.
several as (
    select file.clinic_id, file.table_name
    from (select distinct file_rank from staging.refused_record) as held
    join staging.known_file as file on file.file_rank = held.file_rank
    group by file.clinic_id, file.table_name
    having count(*) > 1
),

held as (
    select record.record_key, file.clinic_id, file.table_name, record.file_rank
    from staging.refused_record as record
    join staging.known_file as file on file.file_rank = record.file_rank
    semi join several on several.clinic_id = file.clinic_id and several.table_name = file.table_name
    union all
    select record_key, clinic_id, table_name, file_rank from staging.record_again
)

select clinic_id, table_name, record_key, min(file_rank) as file_rank
from held
group by clinic_id, table_name, record_key
