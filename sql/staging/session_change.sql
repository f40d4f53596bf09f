-- One row per landed session that does not stand as it landed: not in force, or with the time of several that overlap.
-- key: file_no, line
-- columns:
--   file_no      landed session file
--   line         line in the export
--   is_in_force  whether it stands at all
--   started_at   start of the union, UTC
--   ended_at     end of the union, UTC
--   local_date   local day of its start
--   minutes      its length; NULL: no length is known
select
    file_no,
    line,
    false as is_in_force,
    cast(null as timestamp) as started_at,
    cast(null as timestamp) as ended_at,
    cast(null as date) as local_date,
    cast(null as double) as minutes
from staging.session_outcome
union all
select
    kept_file_no,
    kept_line,
    true,
    any_value(started_at),
    any_value(ended_at),
    any_value(local_date),
    any_value(minutes)
from staging.session_merge
where started_at is not null
group by kept_file_no, kept_line
