-- One row per enrolment x programme week that has begun by the as-of day: what was due, before any
-- session. Single sessions and enrolments without a start have no weeks.
-- key: enrolment_no, programme_week
-- columns:
--   enrolment_no         internal number of the enrolment
--   programme_week       1 = days 1 to 7
--   sessions_per_week    prescription in force on the first day of the week
--   minutes_per_session  prescription in force on the first day of the week
--   counted_from_ms      shortest session that counts, in milliseconds; NULL: minutes were not prescribed
--   is_changing          whether the prescription has several versions
--   elapsed_days         days of the week up to the as-of day
--   unpaused_days        days of the week outside agreed pauses
--   is_over              whether the week ended by the as-of day
--   is_observed          false where the whole week lies in a hole of the clinic's logs
--   is_left              whether the person had left before the week began
--   is_kept              whether the week ended before the person left
with
counting as (
    select cast(max(value) filter (where key = 'adherence.counted_share') as decimal(9, 6)) as share
    from ref.policy
),

begun_week as (
    select
        plan.*,
        cast(unnest(range(
            version.first_week,
            least(version.last_week, (plan.as_of_day + 6) // 7) + 1
        )) as integer) as programme_week,
        version.sessions_per_week as week_sessions,
        version.minutes_per_session as week_minutes
    from staging.adherence_plan as plan
    join staging.adherence_version as version on version.enrolment_no = plan.enrolment_no
    where not plan.is_single and plan.as_of_day >= 1
),

paused_day as (
    select distinct
        pause.enrolment_no,
        unnest(range(
            greatest(pause.from_date - plan.start_date, 0),
            least(pause.to_date - plan.start_date + 1, plan.end_day, plan.as_of_day + 6)
        )) as days_in
    from staging.pause as pause
    join staging.adherence_plan as plan on plan.enrolment_no = pause.enrolment_no
    where plan.as_of_day >= 1
),

paused_week as (
    select enrolment_no, days_in // 7 + 1 as programme_week, count(*) as n_days
    from paused_day
    group by all
)

select
    week.enrolment_no,
    week.programme_week,
    week.week_sessions as sessions_per_week,
    week.week_minutes as minutes_per_session,
    cast(ceil(counting.share * week.week_minutes * 60000) as bigint) as counted_from_ms,
    week.n_versions > 1 as is_changing,
    cast(least(7, week.as_of_day - 7 * (week.programme_week - 1)) as integer) as elapsed_days,
    cast(7 - coalesce(paused_week.n_days, 0) as integer) as unpaused_days,
    7 * week.programme_week <= week.as_of_day as is_over,
    hole.clinic_id is null as is_observed,
    coalesce(7 * (week.programme_week - 1) >= week.leave_day, false) as is_left,
    coalesce(7 * week.programme_week <= week.leave_day, true) as is_kept
from begun_week as week
cross join counting
left join paused_week
    on paused_week.enrolment_no = week.enrolment_no
    and paused_week.programme_week = week.programme_week
left join staging.adherence_hole as hole
    on hole.clinic_id = week.clinic_id
    and hole.from_date <= week.start_date + 7 * (week.programme_week - 1)
    and hole.to_date >= week.start_date + 7 * week.programme_week - 1
