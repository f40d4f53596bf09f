-- One row per export file that a clinic has to know about: those in force, and those refused whole, with their rank of age.
-- A file refused whole brings no row to any table; what is wrong with it is shown all the same.
-- key: file_key
-- columns:
--   file_key    key of the file
--   clinic_id   clinic of its source
--   source_id   its source
--   table_name  canonical table
--   file_name   export file below the source's folder
--   file_rank   1 = newest of all
--   is_dropped  an older snapshot of a source that sends full exports
--   refused_by  rule that refused the file whole; NULL: it is in force
with known as (
    select
        file.file_key, file.clinic_id, file.source_id, file.table_name, file.file_name, file.file_sha256, file.exported_at,
        file_order.is_dropped,
        cast(null as varchar) as refused_by
    from landed.file as file
    join staging.file_order as file_order on file_order.file_key = file.file_key
    union all
    select
        file_key, clinic_id, source_id, table_name, file_name, file_sha256, exported_at,
        false as is_dropped,
        refused_by
    from landed.refused_file
)

select
    file_key,
    clinic_id,
    source_id,
    table_name,
    file_name,
    row_number() over (order by exported_at desc, file_sha256 desc, clinic_id, source_id, file_name) as file_rank,
    is_dropped,
    refused_by
from known
