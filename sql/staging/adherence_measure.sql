-- One row per enrolment: what was expected and done to date, of weeks or of the one session, on one
-- footing. A zero or unknown denominator gives NULL and a reason, never 0 and never 1.
-- key: enrolment_no
-- columns:
--   enrolment_no           internal number of the enrolment
--   is_single              whether one session was prescribed
--   has_calendar           whether the programme has begun and its days can be counted
--   no_weeks               0 where the enrolment has weeks to count, else NULL
--   is_evaluable           whether an adherence exists
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
with
joined as (
    select
        plan.enrolment_no,
        plan.is_single,
        plan.start_date,
        plan.as_of_day,
        plan.end_day,
        plan.gap_days,
        coalesce(plan.as_of_day >= 1, false) as has_calendar,
        plan.minutes_per_session * 60000 * 7 as single_due_7,
        coalesce(log.sessions_counted, 0) as sessions_counted,
        coalesce(log.sessions_active, 0) > 0 as is_active,
        coalesce(log.dose_ms, 0) as dose_ms,
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
    null_reason is null as is_evaluable,
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
    case when is_single then end_day - 1 else gap_days end as first_silent_days
from reasoned
