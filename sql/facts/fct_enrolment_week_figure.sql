-- One row per enrolment x programme week that has begun by the as-of day: the narrow form, what the week is judged from.
-- Names, and what follows from these figures, stand in facts.fct_enrolment_week, which is a view over this. Each week is judged
-- alone, by the prescription in force on its first day. Single sessions and enrolments without a start have no weeks.
-- key: enrolment_no, programme_week
-- scale: participant_key
-- columns:
--   enrolment_no         internal number of the enrolment
--   programme_week       1 = days 1 to 7
--   sessions_per_week    prescription in force on the first day of the week
--   minutes_per_session  prescription in force on the first day of the week
--   elapsed_days         days of the week up to the as-of day
--   unpaused_days        days of the week outside agreed pauses
--   is_observed          false where the whole week lies in a hole of the clinic's logs
--   is_left              whether the person had left before the week began
--   is_on_programme      the week ended before the person left
--   sessions             counted sessions
--   minutes_ms           minutes of all active sessions, short ones too, in milliseconds
--   n_minutes_missing    active sessions without a length
--   active_days          distinct days with an active session
--   first_active_day     programme day of the first active session
--   last_active_day      programme day of the last active session
with
done as (
    select
        enrolment_no,
        programme_week,
        sessions_counted,
        minutes_ms,
        sessions_minutes_missing,
        active_days,
        first_active_day,
        last_active_day
    from staging.adherence_session_week
    where sessions_active > 0 and programme_week is not null
)

select
    week.enrolment_no,
    week.programme_week,
    week.sessions_per_week,
    week.minutes_per_session,
    cast(week.elapsed_days as tinyint) as elapsed_days,
    cast(week.unpaused_days as tinyint) as unpaused_days,
    week.is_observed,
    week.is_left,
    week.is_kept as is_on_programme,
    coalesce(cast(done.sessions_counted as integer), 0) as sessions,
    coalesce(done.minutes_ms, 0) as minutes_ms,
    coalesce(cast(done.sessions_minutes_missing as integer), 0) as n_minutes_missing,
    coalesce(bit_count(done.active_days), 0) as active_days,
    done.first_active_day,
    done.last_active_day
from staging.adherence_week as week
left join done
    on done.enrolment_no = week.enrolment_no and done.programme_week = week.programme_week
