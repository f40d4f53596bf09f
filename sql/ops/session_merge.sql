-- One row per logged session that is another one once more, and which one stands for both: the log of every merge.
-- A view: ops.session_merge_line holds the lines, ref.session_file the names.
-- as: view
-- key: merged_file_key, merged_line
-- columns:
--   clinic_id         clinic
--   merged_source_id  source of the one that is merged away
--   merged_file_key   its landed file
--   merged_line       its line in the export
--   kept_source_id    source of the one that stands
--   kept_file_key     its landed file
--   kept_line         its line in the export
--   reason            duplicate: the same start and length, nearly; overlap: the one that stands has the time of both
--   minutes           length of the union; NULL: the one that stands is as it was logged
select
    merged_file.clinic_id,
    merged_file.source_id as merged_source_id,
    merged_file.file_key as merged_file_key,
    merge.line as merged_line,
    kept_file.source_id as kept_source_id,
    kept_file.file_key as kept_file_key,
    merge.kept_line,
    cast(merge.reason as varchar) as reason,
    merge.minutes
from ops.session_merge_line as merge
join ref.session_file as merged_file on merged_file.file_no = merge.file_no
join ref.session_file as kept_file on kept_file.file_no = merge.kept_file_no
