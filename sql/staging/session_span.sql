-- One row per landed session file in force: what it covers. Two files can only hold one session where these meet.
-- key: file_no
-- columns:
--   file_no      landed session file
--   clinic_id    clinic
--   source_id    source
--   has_ids      whether the source names its sessions
--   first_day    earliest local day
--   last_day     latest local day
--   first_start  earliest start, UTC; NULL: bare dates only
--   last_start   latest start, UTC
with covered as (
    select
        file_no,
        min(local_date) as first_day,
        max(local_date) as last_day,
        min(started_at) as first_start,
        max(started_at) as last_start
    from landed.session
    group by file_no
)

select
    covered.file_no,
    file.clinic_id,
    file.source_id,
    exists (
        select 1 from landed.column_name as name where name.file_key = file.file_key and name.name = 'session_id'
    ) as has_ids,
    covered.first_day,
    covered.last_day,
    covered.first_start,
    covered.last_start
from covered
join landed.file as file on file.session_file_no = covered.file_no
join staging.file_order as file_order on file_order.file_key = file.file_key
where not file_order.is_dropped
