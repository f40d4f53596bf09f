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
    cast(sum(sessions_logged) as bigint) as sessions_logged,
    cast(sum(sessions_counted) as bigint) as sessions_counted,
    cast(sum(sessions_active) as bigint) as sessions_active,
    cast(sum(sessions_pre_start) as bigint) as sessions_pre_start,
    cast(sum(sessions_post_end) as bigint) as sessions_post_end,
    cast(sum(sessions_after_as_of) as bigint) as sessions_after_as_of,
    cast(sum(sessions_too_short) as bigint) as sessions_too_short,
    cast(sum(sessions_not_completed) as bigint) as sessions_not_completed,
    cast(sum(sessions_minutes_missing) as bigint) as sessions_minutes_missing,
    cast(sum(sessions_recalled) as bigint) as sessions_recalled,
    cast(sum(sessions_recall_known) as bigint) as sessions_recall_known,
    cast(coalesce(sum(minutes_ms), 0) as bigint) as dose_ms,
    min(first_active_day) as first_active_day,
    max(last_active_day) as last_active_day,
    max(last_counted_day) as last_counted_day,
    min(first_counted_day) as first_counted_day
from staging.adherence_session_week
group by enrolment_no
