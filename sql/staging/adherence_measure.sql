-- One row per enrolment: what was expected and done to date, of weeks or of the one session, on one
-- footing. A zero or unknown denominator gives NULL and a reason, never 0 and never 1.
-- A view, as staging.adherence_amount is: facts.fct_adherence reads it once, and two wide tables need not be kept for that.
-- as: view
-- key: enrolment_no
-- columns:
--   enrolment_no           internal number of the enrolment
--   is_single              whether one session was prescribed
--   has_calendar           whether the programme has begun and its days can be counted
--   no_weeks               0 where the enrolment has weeks to count, else NULL
--   is_done                a single session that was done, or whose days are over
--   null_reason            why there is none
--   minutes_null_reason    why there is no minutes adherence
--   expected_7             sessions due to date x 7
--   sessions               counted sessions to date
--   capped_7               counted sessions to date, at most those due in each week, x 7
--   minutes_due_7          minutes due to date, in milliseconds x 7
--   minutes_ms             minutes to date, in milliseconds
--   minutes_capped_7       minutes to date, at most those due in each week, in milliseconds x 7
--   first_silent_days      days without a session after which a person counts as not started
--   as_of_day              programme day of the as-of date; NULL without a start
--   prescribed_total       sessions prescribed over the whole term
--   dose_due_7             minutes of day 1's prescription over the elapsed days, in milliseconds x 7
--   dose_ms                minutes of all active sessions to date, in milliseconds
--   dose_sessions          counted sessions to date, the running week included
--   is_dose_unknown        there was activity, and no session has a length
--   observed_days          first to last counted session
--   first_active_day       programme day of the first active session
--   excess_ms_7            minutes beyond those due, in milliseconds x 7
--   active_days            distinct active days in matured weeks
--   days_due_7             days that a daily prescription asks for in matured weeks, x 7
--   least_per_week         smallest frequency of the matured weeks
--   on_due_7               due_7 of the weeks before the person left
--   on_capped_7            capped_7 of the weeks before the person left
with
joined as (
    select
        plan.enrolment_no,
        plan.is_single,
        plan.start_date,
        plan.as_of_day,
        plan.end_day,
        plan.gap_days,
        plan.prescribed_total,
        coalesce(plan.as_of_day >= 1, false) as has_calendar,
        plan.minutes_per_session * 60000 * 7 as single_due_7,
        least(plan.as_of_day, plan.end_day) * plan.sessions_per_week * plan.minutes_per_session * 60000
            as dose_due_7,
        coalesce(log.sessions_counted, 0) as sessions_counted,
        coalesce(log.sessions_active, 0) > 0 as is_active,
        coalesce(log.dose_ms, 0) as dose_ms,
        log.last_counted_day - log.first_counted_day + 1 as observed_days,
        coalesce(log.sessions_active, 0) > 0
            and log.sessions_minutes_missing = log.sessions_active as is_dose_unknown,
        log.first_active_day,
        total.* exclude (enrolment_no)
    from staging.adherence_plan as plan
    left join staging.adherence_log as log on log.enrolment_no = plan.enrolment_no
    left join staging.adherence_total as total on total.enrolment_no = plan.enrolment_no
),

reasoned as (
    select
        *,
        case
            when start_date is null then 'no_start_date'
            when not has_calendar then 'not_started'
            when is_single and sessions_counted = 0 and as_of_day < end_day then 'single_not_due'
            when is_single then null
            when weeks_over is null then 'no_prescription'
            when weeks_matured = 0 and weeks_not_observed > 0 then 'not_observed'
            when weeks_matured = 0 and weeks_excused > 0 then 'excused'
            when weeks_matured = 0 then 'not_matured'
            when weeks_without_dose > 0 then 'no_frequency'
        end as null_reason,
        case when is_single then single_due_7 else minutes_due_7 end as any_minutes_due_7,
        case when is_single then is_active and dose_ms = 0 else is_without_minutes end
            as any_without_minutes
    from joined
)

select
    enrolment_no,
    is_single,
    has_calendar,
    case when has_calendar and not is_single then 0 end as no_weeks,
    is_single and null_reason is null as is_done,
    null_reason,
    case
        when null_reason is not null then null_reason
        when coalesce(any_minutes_due_7, 0) = 0 then 'no_minutes_prescribed'
        when any_without_minutes then 'minutes_not_recorded'
    end as minutes_null_reason,
    case when is_single then 7 else due_7 end as expected_7,
    case when is_single then sessions_counted else sessions end as sessions,
    case when is_single then least(7 * sessions_counted, 7) else capped_7 end as capped_7,
    any_minutes_due_7 as minutes_due_7,
    case when is_single then dose_ms else minutes_ms end as minutes_ms,
    case when is_single then least(7 * dose_ms, single_due_7) else minutes_capped_7 end
        as minutes_capped_7,
    -- Before this much time has passed, not to have begun says nothing.
    case when is_single then end_day - 1 else gap_days end as first_silent_days,
    as_of_day,
    prescribed_total,
    dose_due_7,
    dose_ms,
    sessions_counted as dose_sessions,
    is_dose_unknown,
    observed_days,
    first_active_day,
    excess_ms_7,
    active_days,
    days_due_7,
    least_per_week,
    on_due_7,
    on_capped_7
from reasoned
