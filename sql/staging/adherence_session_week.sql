-- One row per enrolment x programme week with a session that was done; all that is added up by weeks.
-- Lengths are added as whole milliseconds, so that no sum depends on the order of the rows. Days are gathered as bits, the
-- counted ones above the active ones: the first and the last of them then cost nothing, and a narrow state is what makes
-- two million groups cheap.
-- key: enrolment_no, programme_week
-- columns:
--   enrolment_no             internal number of the enrolment
--   programme_week           1 = days 1 to 7
--   sessions_counted         those that count
--   sessions_active          those in time that were done for any length
--   sessions_minutes_missing active, without a length
--   minutes_ms               length of the active sessions, in milliseconds; NULL: none was logged
--   active_days              days of the week with an active session, as bits
--   first_active_day         programme day of the first active session
--   last_active_day          programme day of the last active session
--   first_counted_day        programme day of the first counted session
--   last_counted_day         programme day of the last counted session
with done as (
    select
        enrolment_no,
        cast((ady - 1) // 7 as integer) as weeks_before,
        count(*) filter (where not_counted_reason is null) as sessions_counted,
        count(*) filter (where is_active) as sessions_active,
        count(*) filter (where is_active and minutes is null) as sessions_minutes_missing,
        sum(cast(round(minutes * 60000) as bigint)) filter (where is_active) as minutes_ms,
        bit_or(
            case when is_active then 1 << ((ady - 1) % 7) else 0 end
            | case when not_counted_reason is null then 128 << ((ady - 1) % 7) else 0 end
        ) as days
    from facts.fct_session_log
    where enrolment_no is not null and (is_active or not_counted_reason is null)
    group by enrolment_no, weeks_before
),

-- The place of the lowest bit that is set is the count of the zeros below it, that of the highest the length without leading zeros.
placed as (
    select
        *,
        days & 127 as active_days,
        days >> 7 as counted_days
    from done
)

select
    enrolment_no,
    weeks_before + 1 as programme_week,
    sessions_counted,
    sessions_active,
    sessions_minutes_missing,
    cast(minutes_ms as bigint) as minutes_ms,
    active_days,
    case when active_days > 0 then 7 * weeks_before + 1 + bit_count(~active_days & (active_days - 1)) end as first_active_day,
    case when active_days > 0 then 7 * weeks_before + 1 + cast(floor(log2(active_days)) as integer) end as last_active_day,
    case when counted_days > 0 then 7 * weeks_before + 1 + bit_count(~counted_days & (counted_days - 1)) end as first_counted_day,
    case when counted_days > 0 then 7 * weeks_before + 1 + cast(floor(log2(counted_days)) as integer) end as last_counted_day
from placed
