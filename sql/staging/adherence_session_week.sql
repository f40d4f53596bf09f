-- One row per enrolment x programme week in which anything was logged; NULL week: before day 1 or without a start.
-- The only pass over all sessions: weeks and enrolments are added up from here. Lengths are added as whole milliseconds, so
-- that no sum depends on the order of the rows.
-- key: enrolment_no, programme_week
-- columns:
--   enrolment_no             internal number of the enrolment
--   programme_week           1 = days 1 to 7
--   sessions_logged          all sessions
--   sessions_counted         those that count
--   sessions_active          those in time that were done for any length
--   sessions_pre_start       done before day 1
--   sessions_post_end        done after the last day
--   sessions_after_as_of     dated after the as-of day
--   sessions_too_short       shorter than the share of the prescribed minutes that counts, or of unknown length
--   sessions_not_completed   logged as skipped or as an error
--   sessions_minutes_missing active, without a length
--   sessions_recalled        active, logged from memory
--   sessions_recall_known    active, and it is known whether from memory
--   minutes_ms               length of the active sessions, in milliseconds; NULL: none was logged
--   active_days              days of the week with an active session, as bits
--   first_active_day         programme day of the first active session
--   last_active_day          programme day of the last active session
--   first_counted_day        programme day of the first counted session
--   last_counted_day         programme day of the last counted session
select
    enrolment_no,
    case when ady > 0 then (ady - 1) // 7 + 1 end as programme_week,
    count(*) as sessions_logged,
    count(*) filter (where not_counted_reason is null) as sessions_counted,
    count(*) filter (where is_active) as sessions_active,
    count(*) filter (where not_counted_reason = 'pre_start') as sessions_pre_start,
    count(*) filter (where not_counted_reason = 'post_end') as sessions_post_end,
    count(*) filter (where not_counted_reason = 'after_as_of') as sessions_after_as_of,
    count(*) filter (where not_counted_reason in ('too_short', 'partial')) as sessions_too_short,
    count(*) filter (where not_counted_reason in ('not_completed', 'entered_in_error')) as sessions_not_completed,
    count(*) filter (where is_active and minutes is null) as sessions_minutes_missing,
    count(*) filter (where is_active and is_recalled) as sessions_recalled,
    count(*) filter (where is_active and is_recalled is not null) as sessions_recall_known,
    cast(sum(cast(round(minutes * 60000) as bigint)) filter (where is_active) as bigint) as minutes_ms,
    bit_or(case when is_active then 1 << ((ady - 1) % 7) end) as active_days,
    min(ady) filter (where is_active) as first_active_day,
    max(ady) filter (where is_active) as last_active_day,
    min(ady) filter (where not_counted_reason is null) as first_counted_day,
    max(ady) filter (where not_counted_reason is null) as last_counted_day
from facts.fct_session_log
where enrolment_no is not null
group by all
