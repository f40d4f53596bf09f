-- One row per landed session that is not in force, and why.
-- as: view
-- key: file_no, line
-- columns:
--   file_no   landed session file
--   file_key  landed file
--   line      line in the export
--   outcome   superseded or duplicate_key
--   reason    newer, deleted, absent (from the newest full export), or merged with another session
with found as (
    select file_no, line, outcome, reason from staging.session_identity
    union all
    select file_no, line, 'superseded', 'merged' from staging.session_merge
)

select found.file_no, file.file_key, found.line, found.outcome, found.reason
from found
join landed.file as file on file.session_file_no = found.file_no
