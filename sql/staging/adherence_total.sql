-- One row per enrolment that has begun weeks: their sums, in exact sevenths of a week. Numerators
-- and denominators stop at the same matured weeks.
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
--   is_without_minutes   there was activity in matured weeks, and no session has a length
--   weeks_met            matured weeks with at least the sessions due
--   weeks_over_adherent  matured weeks with more than the sessions due
--   excess_ms_7          minutes beyond those due, in milliseconds x 7; NULL: no minutes prescribed
--   active_days          distinct active days in matured weeks
--   days_due_7           days that a daily prescription asks for in matured weeks, x 7
--   least_per_week       smallest frequency of the matured weeks
--   on_due_7             due_7 of the weeks before the person left
--   on_capped_7          capped_7 of the weeks before the person left
with
-- Not materialized: kept for its two readers, a million rows would cost more than to compute them twice.
week as not materialized (
    select
        enrolment_no,
        elapsed_days = 7 as is_over,
        unpaused_days > 0 as is_running,
        is_observed,
        is_over and is_running and is_observed as is_matured,
        is_on_programme,
        unpaused_days,
        active_days,
        sessions_per_week,
        n_minutes_missing,
        sessions,
        minutes_ms,
        sessions_per_week * unpaused_days as due_7,
        due_7 * minutes_per_session * 60000 as minutes_due_7,
        7 * sessions as done_7,
        -- Least ignores NULL: without a frequency, all that was done.
        least(done_7, due_7) as capped_7
    from facts.fct_enrolment_week_figure
),

matured as (
    select
        enrolment_no,
        count(*) as weeks_matured,
        count(nullif(due_7, 0)) as weeks_with_dose,
        sum(sessions) as sessions,
        sum(due_7) as due_7,
        sum(capped_7) as capped_7,
        sum(minutes_ms) as minutes_ms,
        count(minutes_due_7) as weeks_with_minutes,
        sum(minutes_due_7) as minutes_due_7,
        sum(least(7 * minutes_ms, minutes_due_7)) as minutes_capped_7,
        max(n_minutes_missing) as most_missing,
        count(case when due_7 > 0 and done_7 >= due_7 then 1 end) as weeks_met,
        count(case when done_7 > due_7 then 1 end) as weeks_over_adherent,
        sum(active_days) as active_days,
        sum(least(due_7, 7 * unpaused_days)) as days_due_7,
        min(sessions_per_week) as least_per_week
    from week
    where is_matured
    group by enrolment_no
),

-- Few weeks: those that do not enter the denominators, and those after the person left.
other as (
    select
        enrolment_no,
        count(*) filter (where is_over and not is_matured) as weeks_over,
        count(*) filter (where is_over and not is_running) as weeks_excused,
        count(*) filter (where is_running and not is_observed) as weeks_not_observed,
        coalesce(sum(due_7) filter (where is_matured), 0) as off_due_7,
        coalesce(sum(capped_7) filter (where is_matured), 0) as off_capped_7
    from week
    where not (is_matured and is_on_programme)
    group by enrolment_no
)

select
    coalesce(matured.enrolment_no, other.enrolment_no) as enrolment_no,
    coalesce(matured.weeks_matured, 0) + coalesce(other.weeks_over, 0) as weeks_over,
    coalesce(matured.weeks_matured, 0) as weeks_matured,
    coalesce(other.weeks_excused, 0) as weeks_excused,
    coalesce(other.weeks_not_observed, 0) as weeks_not_observed,
    coalesce(matured.weeks_matured - matured.weeks_with_dose, 0) as weeks_without_dose,
    cast(coalesce(matured.sessions, 0) as bigint) as sessions,
    cast(matured.due_7 as decimal(18, 3)) as due_7,
    cast(matured.capped_7 as decimal(18, 3)) as capped_7,
    cast(matured.minutes_ms as bigint) as minutes_ms,
    case when weeks_with_minutes = weeks_matured then matured.minutes_due_7 end as minutes_due_7,
    matured.minutes_capped_7,
    coalesce(matured.most_missing > 0 and matured.minutes_ms = 0, false) as is_without_minutes,
    coalesce(matured.weeks_met, 0) as weeks_met,
    coalesce(matured.weeks_over_adherent, 0) as weeks_over_adherent,
    case when weeks_with_minutes > 0 then 7 * matured.minutes_ms - matured.minutes_capped_7 end as excess_ms_7,
    cast(matured.active_days as bigint) as active_days,
    cast(matured.days_due_7 as decimal(18, 3)) as days_due_7,
    matured.least_per_week,
    cast(matured.due_7 - coalesce(other.off_due_7, 0) as decimal(18, 3)) as on_due_7,
    cast(matured.capped_7 - coalesce(other.off_capped_7, 0) as decimal(18, 3)) as on_capped_7
from matured
full join other on other.enrolment_no = matured.enrolment_no
