-- One row per enrolment x programme week that has begun by the as-of day: what was due and what was
-- done. Each week is judged alone, by the prescription in force on its first day: what is done too
-- much in one week does not make up for another. Single sessions and enrolments without a start
-- have no weeks.
-- A view: facts.fct_enrolment_week_figure holds the figures, facts.fct_enrolment the names.
-- as: view
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
-- In sevenths, so that a week cut by a pause stays exact.
measured as (
    select
        *,
        sessions_per_week * unpaused_days as due_7,
        due_7 * minutes_per_session * 60000 as minutes_due_7
    from facts.fct_enrolment_week_figure
)

select
    enrolment.clinic_id,
    enrolment.enrolment_id,
    week.enrolment_no,
    enrolment.participant_key,
    week.programme_week,
    week.sessions_per_week,
    week.minutes_per_session,
    cast(week.elapsed_days as integer) as elapsed_days,
    cast(week.unpaused_days as integer) as unpaused_days,
    cast(week.due_7 / 7 as decimal(18, 9)) as due,
    week.sessions,
    cast(case when week.due_7 is not null then least(7 * week.sessions, week.due_7) / 7 end as decimal(18, 9))
        as sessions_capped,
    cast(week.minutes_due_7 / 420000 as double) as minutes_due,
    cast(week.minutes_ms / 60000 as double) as minutes,
    cast(case when week.minutes_due_7 is not null
        then least(7 * week.minutes_ms, week.minutes_due_7) end / 420000 as double) as minutes_capped,
    week.n_minutes_missing,
    cast(week.active_days as integer) as active_days,
    week.first_active_day,
    week.last_active_day,
    week.elapsed_days = 7 and week.unpaused_days > 0 and week.is_observed as is_matured,
    week.is_on_programme,
    case when week.due_7 > 0 then 7 * week.sessions >= week.due_7 end as is_met,
    case
        when week.unpaused_days = 0 then 'excused'
        when not week.is_observed then 'not_observed'
        when week.is_left and week.active_days = 0 then 'withdrawn'
        when week.due_7 is null or week.due_7 = 0 then 'not_due'
        when week.elapsed_days < 7 then 'due'
        when 7 * week.sessions >= week.due_7 then 'done'
        when week.active_days > 0 then 'partial'
        else 'missed'
    end as state
from measured as week
join facts.fct_enrolment as enrolment on enrolment.enrolment_no = week.enrolment_no
