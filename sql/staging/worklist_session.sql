-- One row per enrolment that runs, is not paused and has a session due at the as-of day. After each
-- session the next is due at the interval that was prescribed. A silence that outlasts gap_days is a
-- discontinuation, so last_day is the last day on which a session still prevents one.
-- key: enrolment_no
-- columns:
--   enrolment_no  internal number of the enrolment
--   study_day     programme day of the as-of date
--   from_day      day after the last session; 1 before the first
--   target_day    day on which the next session is due
--   last_day      last day on which it still prevents a discontinuation (a single session: on which it counts)
with
policy as (
    select
        cast(max(value) filter (where key = 'worklist.session_every_days') as integer) as every_days
    from ref.policy
),

running as (
    select
        plan.*,
        cast(coalesce(ceil(7 / nullif(plan.sessions_per_week, 0)), policy.every_days) as integer)
            as interval_days
    from staging.adherence_plan as plan
    join facts.fct_adherence as adherence on adherence.enrolment_no = plan.enrolment_no
    cross join policy
    where adherence.programme_state = 'running'
        and coalesce(adherence.status, 'running') in ('running', 'planned')
),

last_session as (
    select enrolment_no, max(last_active_day) as last_active_day
    from facts.fct_enrolment_week_figure
    group by enrolment_no
),

-- Before the first session the interval runs from the start: day 0 stands for it.
placed as (
    select
        running.enrolment_no,
        running.as_of_day as study_day,
        coalesce(last_session.last_active_day, 0) as active_day,
        active_day + 1 as from_day,
        case when running.is_single then running.end_day else active_day + running.interval_days end
            as target_day,
        case when running.is_single then running.end_day else active_day + floor(running.gap_days) end
            as last_day,
        case when running.is_single then 1 else target_day end as shown_from_day
    from running
    left join last_session on last_session.enrolment_no = running.enrolment_no
    where not exists (
        select 1
        from staging.pause as pause
        where pause.enrolment_no = running.enrolment_no
            and running.as_of_date between pause.from_date and pause.to_date
    )
)

select
    enrolment_no,
    study_day,
    cast(from_day as integer) as from_day,
    cast(target_day as integer) as target_day,
    cast(last_day as integer) as last_day
from placed
where study_day >= shown_from_day
