-- One row per enrolment with at least one session in its logs: how many of which kind.
-- key: enrolment_no
-- columns:
--   enrolment_no            internal number of the enrolment
--   sessions_logged         all sessions that belong to the enrolment
--   sessions_counted        those that count
--   sessions_active         those in time that were done for any length
--   sessions_pre_start      done before day 1
--   sessions_post_end       done after the last day
--   sessions_after_as_of    dated after the as-of day
--   sessions_too_short      shorter than the share of the prescribed minutes that counts, or of unknown length
--   sessions_not_completed  logged as skipped or as an error
--   sessions_minutes_missing  active, without a length
--   sessions_recalled       active, logged from memory
--   sessions_recall_known   active, and it is known whether from memory
--   dose_ms                 minutes of the active sessions, in milliseconds
--   first_active_day        programme day of the first active session
--   last_active_day         programme day of the last active session
--   last_counted_day        programme day of the last counted session
--   first_counted_day       programme day of the first counted session
select
    enrolment_no,
    count(*) as sessions_logged,
    count(*) filter (where is_counted) as sessions_counted,
    count(*) filter (where is_active) as sessions_active,
    count(*) filter (where not_counted_reason = 'pre_start') as sessions_pre_start,
    count(*) filter (where not_counted_reason = 'post_end') as sessions_post_end,
    count(*) filter (where not_counted_reason = 'after_as_of') as sessions_after_as_of,
    count(*) filter (where not_counted_reason in ('too_short', 'partial')) as sessions_too_short,
    count(*) filter (where not_counted_reason in ('not_completed', 'entered_in_error'))
        as sessions_not_completed,
    count(*) filter (where is_active and minutes is null) as sessions_minutes_missing,
    count(*) filter (where is_active and is_recalled) as sessions_recalled,
    count(*) filter (where is_active and is_recalled is not null) as sessions_recall_known,
    cast(coalesce(sum(cast(round(minutes * 60000) as bigint)) filter (where is_active), 0) as bigint)
        as dose_ms,
    min(ady) filter (where is_active) as first_active_day,
    max(ady) filter (where is_active) as last_active_day,
    max(ady) filter (where is_counted) as last_counted_day,
    min(ady) filter (where is_counted) as first_counted_day
from facts.fct_session
group by enrolment_no
