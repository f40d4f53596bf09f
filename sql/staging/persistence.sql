-- One row per enrolment of several weeks that has started: how long the person kept going. A
-- discontinuation is dated at the last activity before the first silence longer than gap_days.
-- Nobody can be seen to stop in the last gap_days, so the follow-up ends that long before the as-of
-- day. A withdrawal by the clinician or a death ends it too, as censoring. Silences inside one week
-- never exceed a gap of 6 days or more, so that comparing active weeks is enough. Agreed pauses shorten
-- what is due, but do not stretch the gap: a pause longer than it is a discontinuation and a restart.
-- key: enrolment_no
-- columns:
--   enrolment_no        internal number of the enrolment
--   km_time             programme day of the discontinuation, or of the end of follow-up; NULL: too early to say
--   km_event            1 = discontinued, 0 = censored
--   km_time_from_first  the same in days since the first active day (that day = 1); NULL: never started
--   n_restarts          silences longer than gap_days after which the person came back
--   is_competing        whether follow-up ended by a withdrawal or a death
with
follow_up as (
    select
        enrolment_no,
        as_of_day,
        competing_day,
        gap_days,
        least(end_day, competing_day) as last_day,
        floor(least(end_day, competing_day, as_of_day - gap_days)) as censor_day
    from staging.adherence_plan
    where not is_single and as_of_day >= 1
),

active_week as (
    select
        follow_up.enrolment_no,
        follow_up.gap_days,
        follow_up.last_day,
        week.first_active_day,
        least(week.last_active_day, follow_up.last_day) as last_active_day,
        lead(week.first_active_day)
            over (partition by week.enrolment_no order by week.programme_week) as next_active_day
    from follow_up
    join facts.fct_enrolment_week_figure as week on week.enrolment_no = follow_up.enrolment_no
    where week.active_days > 0 and coalesce(week.first_active_day <= follow_up.last_day, true)
),

-- An open-ended programme has no last day: its last silence is endless until proven otherwise.
silence as (
    select
        enrolment_no,
        first_active_day,
        last_active_day,
        next_active_day,
        coalesce(coalesce(next_active_day, last_day) - last_active_day > gap_days, true) as is_gap
    from active_week
),

course as (
    select
        enrolment_no,
        min(first_active_day) as first_active_day,
        min(last_active_day) filter (where is_gap) as stop_day,
        count(*) filter (where is_gap and next_active_day is not null) as n_restarts
    from silence
    group by enrolment_no
),

judged as (
    select
        follow_up.*,
        course.first_active_day,
        coalesce(course.n_restarts, 0) as n_restarts,
        case
            when course.enrolment_no is not null then course.stop_day
            when least(follow_up.as_of_day, follow_up.competing_day) > follow_up.gap_days then 0
        end as left_on_day,
        coalesce(left_on_day <= follow_up.censor_day, false) as is_event,
        course.enrolment_no is not null
            or follow_up.as_of_day > follow_up.gap_days as is_evaluable
    from follow_up
    left join course on course.enrolment_no = follow_up.enrolment_no
)

select
    enrolment_no,
    cast(case when is_evaluable and censor_day >= 0
        then case when is_event then left_on_day else censor_day end end as integer) as km_time,
    cast(case when is_evaluable and censor_day >= 0 then is_event end as integer) as km_event,
    cast(case
        when is_event then left_on_day - first_active_day + 1
        when censor_day >= first_active_day then censor_day - first_active_day + 1
    end as integer) as km_time_from_first,
    cast(n_restarts as integer) as n_restarts,
    coalesce(not is_event and censor_day = competing_day, false) as is_competing
from judged
