-- One row per enrolment x version of its prescription that is in force on the first day of some
-- week. Past weeks are judged by the version of their own time: a change in mid-week begins with
-- the next week.
-- key: enrolment_no, version_no
-- columns:
--   enrolment_no         internal number of the enrolment
--   version_no           number of the version
--   first_week           first programme week under this version
--   last_week            last programme week under this version; NULL without an end
--   sessions_per_week    sessions to be done in a week
--   minutes_per_session  minutes that one session is to last
with
term as (
    select
        enrolment_no,
        start_date,
        case when duration_band = 'single' then 1 when plan_type = 'fixed_term' then duration_weeks end
            as weeks
    from staging.enrolment
),

living_version as (
    select
        prescription.*,
        term.start_date,
        term.weeks,
        prescription.version_no
            = min(prescription.version_no) over (partition by prescription.enrolment_no) as is_first
    from staging.prescription as prescription
    join term on term.enrolment_no = prescription.enrolment_no
    -- A version that was replaced before day 1 never applied.
    where coalesce(prescription.effective_to >= term.start_date, true)
),

placed as (
    select
        enrolment_no,
        version_no,
        cast(case when is_first then 1 else (effective_from - start_date + 6) // 7 + 1 end as integer)
            as first_week,
        cast(least(weeks, (effective_to - start_date) // 7 + 1) as integer) as last_week,
        sessions_per_week,
        minutes_per_session
    from living_version
    where is_first or effective_from > start_date
)

select
    enrolment_no,
    version_no,
    first_week,
    last_week,
    sessions_per_week,
    minutes_per_session
from placed
where last_week is null or last_week >= first_week
