-- One row per enrolment that has begun weeks: their sums, in exact sevenths of a week. Numerators
-- and denominators stop at the same matured weeks; only the dose runs on to the as-of day.
-- key: enrolment_no
-- columns:
--   enrolment_no         internal number of the enrolment
--   weeks_over           programme weeks that are over
--   weeks_matured        those that enter the denominators
--   weeks_excused        those wholly inside an agreed pause
--   weeks_not_observed   those wholly inside a hole of the clinic's logs
--   weeks_without_dose   matured weeks without a prescribed frequency
--   sessions             counted sessions in matured weeks
--   due_7                sessions due in matured weeks x 7
--   capped_7             sessions done in matured weeks, at most those due, x 7
--   minutes_ms           minutes of matured weeks, in milliseconds
--   minutes_due_7        minutes due in matured weeks, in milliseconds x 7; NULL: not prescribed in all
--   minutes_capped_7     minutes of matured weeks, at most those due, in milliseconds x 7
--   n_active_weeks       matured weeks with an active session
--   is_without_minutes   there was activity in matured weeks, and no session has a length
--   weeks_met            matured weeks with at least the sessions due
--   weeks_over_adherent  matured weeks with more than the sessions due
--   excess_ms_7          minutes beyond those due, in milliseconds x 7
--   active_days          distinct active days in matured weeks
--   days_due_7           days that a daily prescription asks for in matured weeks, x 7
--   least_per_week       smallest frequency of the matured weeks
--   on_due_7             due_7 of the weeks before the person left
--   on_capped_7          capped_7 of the weeks before the person left
--   dose_ms              minutes of all begun weeks, in milliseconds
with
week as (
    select
        *,
        sessions_per_week * unpaused_days as due_7,
        due_7 * minutes_per_session * 60000 as minutes_due_7,
        cast(round(minutes * 60000) as bigint) as minutes_ms
    from facts.fct_enrolment_week
),

matured as (
    select
        enrolment_no,
        count(*) as weeks_matured,
        count(*) filter (where coalesce(due_7, 0) = 0) as weeks_without_dose,
        sum(sessions) as sessions,
        sum(due_7) as due_7,
        sum(least(7 * sessions, due_7)) as capped_7,
        sum(minutes_ms) as minutes_ms,
        case when count(minutes_due_7) = count(*) then sum(minutes_due_7) end as minutes_due_7,
        sum(least(7 * minutes_ms, minutes_due_7)) as minutes_capped_7,
        count(*) filter (where active_days > 0) as n_active_weeks,
        sum(n_minutes_missing) > 0 and sum(minutes_ms) = 0 as is_without_minutes,
        count(*) filter (where is_met) as weeks_met,
        count(*) filter (where 7 * sessions > due_7) as weeks_over_adherent,
        sum(greatest(7 * minutes_ms - minutes_due_7, 0)) filter (where minutes_due_7 is not null)
            as excess_ms_7,
        sum(active_days) as active_days,
        sum(least(due_7, 7 * unpaused_days)) as days_due_7,
        min(sessions_per_week) as least_per_week,
        sum(due_7) filter (where is_on_programme) as on_due_7,
        sum(least(7 * sessions, due_7)) filter (where is_on_programme) as on_capped_7
    from week
    where is_matured
    group by enrolment_no
),

begun as (
    select
        enrolment_no,
        count(*) filter (where elapsed_days = 7) as weeks_over,
        count(*) filter (where elapsed_days = 7 and state = 'excused') as weeks_excused,
        count(*) filter (where state = 'not_observed') as weeks_not_observed,
        sum(minutes_ms) as dose_ms
    from week
    group by enrolment_no
)

select
    begun.enrolment_no,
    begun.weeks_over,
    coalesce(matured.weeks_matured, 0) as weeks_matured,
    begun.weeks_excused,
    begun.weeks_not_observed,
    coalesce(matured.weeks_without_dose, 0) as weeks_without_dose,
    coalesce(matured.sessions, 0) as sessions,
    matured.due_7,
    matured.capped_7,
    matured.minutes_ms,
    matured.minutes_due_7,
    matured.minutes_capped_7,
    matured.n_active_weeks,
    coalesce(matured.is_without_minutes, false) as is_without_minutes,
    coalesce(matured.weeks_met, 0) as weeks_met,
    coalesce(matured.weeks_over_adherent, 0) as weeks_over_adherent,
    matured.excess_ms_7,
    matured.active_days,
    matured.days_due_7,
    matured.least_per_week,
    matured.on_due_7,
    matured.on_capped_7,
    begun.dose_ms
from begun
left join matured on matured.enrolment_no = begun.enrolment_no
