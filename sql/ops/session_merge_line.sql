-- One row per logged session that is another one once more: the narrow form of ops.session_merge, which is a view over this.
-- key: file_no, line
-- columns:
--   file_no       landed session file of the one that is merged away
--   line          its line
--   kept_file_no  landed session file of the one that stands
--   kept_line     its line
--   reason        duplicate or overlap
--   minutes       length of the union; NULL: the one that stands is as it was logged
select
    file_no,
    line,
    kept_file_no,
    kept_line,
    cast(reason as enum('duplicate', 'overlap')) as reason,
    minutes
from staging.session_merge
order by file_no, line
