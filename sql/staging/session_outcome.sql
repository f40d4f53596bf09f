-- One row per landed session that is not in force, and why.
-- key: file_no, line
-- columns:
--   file_no   landed session file
--   file_key  landed file
--   line      line in the export
--   outcome   superseded or duplicate_key
--   reason    newer, deleted, absent (from the newest full export), or merged with another session
select file_no, file_key, line, outcome, reason from staging.session_identity
union all
select file_no, file_key, line, 'superseded' as outcome, 'merged' as reason from staging.session_merge
