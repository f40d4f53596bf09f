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
with
-- Few kinds of session and one count: one narrow pass over all sessions, then the kinds are told apart.
kind as (
    select enrolment_no, not_counted_reason, is_active, is_recalled, count(*) as n
    from facts.fct_session_log
    where enrolment_no is not null
    group by enrolment_no, not_counted_reason, is_active, is_recalled
),

logged as (
    select
        enrolment_no,
        sum(n) as sessions_logged,
        sum(n) filter (where not_counted_reason = 'pre_start') as sessions_pre_start,
        sum(n) filter (where not_counted_reason = 'post_end') as sessions_post_end,
        sum(n) filter (where not_counted_reason = 'after_as_of') as sessions_after_as_of,
        sum(n) filter (where not_counted_reason in ('too_short', 'partial')) as sessions_too_short,
        sum(n) filter (where not_counted_reason in ('not_completed', 'entered_in_error')) as sessions_not_completed,
        sum(n) filter (where is_active and is_recalled) as sessions_recalled,
        sum(n) filter (where is_active and is_recalled is not null) as sessions_recall_known
    from kind
    group by enrolment_no
),

done as (
    select
        enrolment_no,
        sum(sessions_counted) as sessions_counted,
        sum(sessions_active) as sessions_active,
        sum(sessions_minutes_missing) as sessions_minutes_missing,
        sum(minutes_ms) as dose_ms,
        min(first_active_day) as first_active_day,
        max(last_active_day) as last_active_day,
        max(last_counted_day) as last_counted_day,
        min(first_counted_day) as first_counted_day
    from staging.adherence_session_week
    group by enrolment_no
)

select
    logged.enrolment_no,
    cast(logged.sessions_logged as bigint) as sessions_logged,
    cast(coalesce(done.sessions_counted, 0) as bigint) as sessions_counted,
    cast(coalesce(done.sessions_active, 0) as bigint) as sessions_active,
    cast(coalesce(logged.sessions_pre_start, 0) as bigint) as sessions_pre_start,
    cast(coalesce(logged.sessions_post_end, 0) as bigint) as sessions_post_end,
    cast(coalesce(logged.sessions_after_as_of, 0) as bigint) as sessions_after_as_of,
    cast(coalesce(logged.sessions_too_short, 0) as bigint) as sessions_too_short,
    cast(coalesce(logged.sessions_not_completed, 0) as bigint) as sessions_not_completed,
    cast(coalesce(done.sessions_minutes_missing, 0) as bigint) as sessions_minutes_missing,
    cast(coalesce(logged.sessions_recalled, 0) as bigint) as sessions_recalled,
    cast(coalesce(logged.sessions_recall_known, 0) as bigint) as sessions_recall_known,
    cast(coalesce(done.dose_ms, 0) as bigint) as dose_ms,
    done.first_active_day,
    done.last_active_day,
    done.last_counted_day,
    done.first_counted_day
from logged
left join done on done.enrolment_no = logged.enrolment_no
