-- An export file of which a row got lost: read = accepted + refused + superseded + ignored.
-- key: clinic_id, source_id, file_sha256
-- columns:
--   clinic_id    clinic that sent the file
--   source_id    source of the clinic
--   file_sha256  which file, by its content
select clinic_id, source_id, file_sha256
from ops.file
where rows_read is distinct from (rows_accepted + rows_refused + rows_superseded + rows_ignored)
order by clinic_id, source_id, file_sha256
