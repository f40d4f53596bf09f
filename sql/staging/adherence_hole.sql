-- One row per hole in a clinic's logs: more than so many days on which nobody of many active people
-- logged. That is a missing export, not missed sessions. Any entry counts as a sign of life, even
-- of a skipped session.
-- key: clinic_id, from_date
-- columns:
--   clinic_id  clinic without logs
--   from_date  first silent day
--   to_date    last silent day
with
policy as (
    select
        max(value) filter (where key = 'adherence.clinic_silent_days') as silent_days,
        max(value) filter (where key = 'adherence.clinic_silent_min_active') as min_active
    from ref.policy
),

active_change as (
    select clinic_id, start_date as day, 1 as change
    from staging.adherence_plan
    where start_date <= as_of_date
    union all
    select clinic_id, belongs_to_date + 1, -1
    from staging.adherence_plan
    where start_date <= as_of_date and belongs_to_date >= start_date
),

change_of_day as (
    select clinic_id, day, sum(change) as change
    from active_change
    group by clinic_id, day
),

span as (
    select clinic_id, min(start_date) as first_day, max(as_of_date) as last_day
    from staging.adherence_plan
    where start_date <= as_of_date
    group by clinic_id
),

clinic_day as (
    select
        clinic_id,
        first_day + cast(unnest(range(0, last_day - first_day + 1)) as integer) as day
    from span
),

counted_day as (
    select
        clinic_day.clinic_id,
        clinic_day.day,
        logged_day.day is not null as is_logged,
        sum(coalesce(change_of_day.change, 0))
            over (partition by clinic_day.clinic_id order by clinic_day.day) as n_active
    from clinic_day
    left join change_of_day
        on change_of_day.clinic_id = clinic_day.clinic_id and change_of_day.day = clinic_day.day
    left join staging.logged_day as logged_day
        on logged_day.clinic_id = clinic_day.clinic_id and logged_day.day = clinic_day.day
),

-- Consecutive silent days share the difference of date and rank.
silent_day as (
    select
        clinic_id,
        day,
        day - cast(row_number() over (partition by clinic_id order by day) as integer) as run
    from counted_day
    cross join policy
    where not is_logged and n_active >= policy.min_active
)

select clinic_id, min(day) as from_date, max(day) as to_date
from silent_day
cross join policy
group by clinic_id, run, policy.silent_days
having count(*) > policy.silent_days
