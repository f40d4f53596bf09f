-- One row per enrolment x programme week that has begun by the as-of day: what was due and what was
-- done. Each week is judged alone, by the prescription in force on its first day: what is done too
-- much in one week does not make up for another. Single sessions and enrolments without a start
-- have no weeks.
-- key: clinic_id, enrolment_id, programme_week
-- scale: participant_key
-- columns:
--   clinic_id            clinic that prescribed the programme
--   enrolment_id         enrolment
--   enrolment_no         internal number of the enrolment
--   participant_key      pseudonym of the person
--   programme_week       1 = days 1 to 7
--   sessions_per_week    prescription in force on the first day of the week
--   minutes_per_session  prescription in force on the first day of the week
--   elapsed_days         days of the week up to the as-of day
--   unpaused_days        days of the week outside agreed pauses
--   due                  sessions due: sessions_per_week x unpaused_days / 7; NULL: no frequency
--   sessions             counted sessions
--   sessions_capped      counted sessions, at most those due
--   minutes_due          minutes due; NULL: not prescribed
--   minutes              minutes of all active sessions, short ones too
--   minutes_capped       minutes, at most those due
--   n_minutes_missing    active sessions without a length
--   active_days          distinct days with an active session
--   first_active_day     programme day of the first active session
--   last_active_day      programme day of the last active session
--   is_matured           the week is over, was not wholly paused and was observed: it enters the denominators
--   is_on_programme      the week ended before the person left
--   is_met               at least as many sessions as were due; NULL: nothing was due
--   state                not_due, due, done, partial, missed, excused, withdrawn or not_observed
with
done as (
    select
        enrolment_no,
        programme_week,
        sessions_counted as sessions,
        coalesce(minutes_ms, 0) as minutes_ms,
        sessions_minutes_missing as n_minutes_missing,
        bit_count(active_days) as active_days,
        first_active_day,
        last_active_day
    from staging.adherence_session_week
    where sessions_active > 0 and programme_week is not null
),

-- In sevenths, so that a week cut by a pause stays exact.
measured as (
    select
        week.*,
        plan.clinic_id,
        plan.enrolment_id,
        plan.participant_key,
        week.sessions_per_week * week.unpaused_days as due_7,
        due_7 * week.minutes_per_session * 60000 as minutes_due_7,
        coalesce(done.sessions, 0) as sessions,
        coalesce(done.minutes_ms, 0) as minutes_ms,
        coalesce(done.n_minutes_missing, 0) as n_minutes_missing,
        coalesce(done.active_days, 0) as active_days,
        done.first_active_day,
        done.last_active_day
    from staging.adherence_week as week
    join staging.adherence_plan as plan on plan.enrolment_no = week.enrolment_no
    left join done
        on done.enrolment_no = week.enrolment_no and done.programme_week = week.programme_week
)

select
    clinic_id,
    enrolment_id,
    enrolment_no,
    participant_key,
    programme_week,
    sessions_per_week,
    minutes_per_session,
    elapsed_days,
    unpaused_days,
    cast(due_7 / 7 as decimal(18, 9)) as due,
    cast(sessions as integer) as sessions,
    cast(case when due_7 is not null then least(7 * sessions, due_7) / 7 end as decimal(18, 9))
        as sessions_capped,
    cast(minutes_due_7 / 420000 as double) as minutes_due,
    cast(minutes_ms / 60000 as double) as minutes,
    cast(case when minutes_due_7 is not null then least(7 * minutes_ms, minutes_due_7) end / 420000 as double)
        as minutes_capped,
    cast(n_minutes_missing as integer) as n_minutes_missing,
    cast(active_days as integer) as active_days,
    first_active_day,
    last_active_day,
    is_over and unpaused_days > 0 and is_observed as is_matured,
    is_kept as is_on_programme,
    case when due_7 > 0 then 7 * sessions >= due_7 end as is_met,
    case
        when unpaused_days = 0 then 'excused'
        when not is_observed then 'not_observed'
        when is_left and active_days = 0 then 'withdrawn'
        when due_7 is null or due_7 = 0 then 'not_due'
        when not is_over then 'due'
        when 7 * sessions >= due_7 then 'done'
        when active_days > 0 then 'partial'
        else 'missed'
    end as state
from measured
