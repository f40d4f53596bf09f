-- One row per session that stands and is odd: dated weeks before its programme starts. It counts for nothing.
-- key: file_key, line
-- columns:
--   file_key  landed file
--   line      line in the export
--   rule_id   far_before_start
with policy as (
    select max(value) filter (where key = 'session.far_before_start_days') as days
    from ref.policy
)

select
    file.file_key,
    log.line,
    'far_before_start' as rule_id
from facts.fct_session_log as log
cross join policy
join ref.session_file as file on file.file_no = log.file_no
where log.not_counted_reason = 'pre_start' and log.ady < -policy.days
