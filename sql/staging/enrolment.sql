-- One row per enrolment in force: one person x one programme x one start.
-- The plan is that of the version in force on day 1: later extensions do not move anybody to a longer band, else those
-- who do well would be found there. State and reasons come from the newest version.
-- key: enrolment_no
-- columns:
--   enrolment_no         internal number, dense in key order
--   clinic_id            clinic that prescribed the programme
--   enrolment_id         the clinic's id, else pseudonym and ordinal
--   participant_key      pseudonym of the person
--   condition            primary condition
--   condition_group      group of the condition
--   arm                  pathway or trial arm, none if not given
--   modality             self-massage alone, beside other treatment, ...
--   setting              where the programme is done
--   self_massage_share   share of the intervention's minutes that is self-massage, 0-1
--   start_date           day 1; NULL: no calendar
--   index_date           day of the prescription
--   plan_type            single_session, fixed_term or open_ended
--   duration_weeks       prescribed weeks of a fixed term
--   duration_band        single, w1_3, w4, w5_7, w8_12, w_gt12 or open_ended
--   due_days             days in which a single session is due
--   status               state as the clinic reports it
--   status_date          day of that state
--   stop_reason          why it was stopped
--   sessions_reported    sessions that the source counted itself
--   sex_at_birth         sex at birth
--   birth_year           year of birth
--   age_at_start         age in years at the start
--   home_tz              zone in which the person lives
--   as_of_date           as-of date of the clinic
--   file_key             landed file of the day-1 version
--   line                 its line in the export
with plan as (
    select version.enrolment_key, landed.*
    from staging.enrolment_version as version
    join landed.enrolment as landed on landed.file_key = version.file_key and landed.line = version.line
    where version.is_day_one
),

latest as (
    select version.enrolment_key, landed.*
    from staging.enrolment_version as version
    join landed.enrolment as landed on landed.file_key = version.file_key and landed.line = version.line
    where version.is_latest
),

banded as (
    select
        *,
        plan_type = 'single_session'
            or (plan_type = 'fixed_term' and coalesce(round(duration_weeks * sessions_per_week, 6) = 1, false)) as is_single,
        case
            when is_single then 'single'
            when plan_type = 'open_ended' then 'open_ended'
            when duration_weeks <= 3 then 'w1_3'
            when duration_weeks = 4 then 'w4'
            when duration_weeks <= 7 then 'w5_7'
            when duration_weeks <= 12 then 'w8_12'
            else 'w_gt12'
        end as duration_band
    from plan
)

select
    cast(row_number() over (
        order by plan.clinic_id, plan.participant_key, plan.enrolment_key
    ) as integer) as enrolment_no,
    plan.clinic_id,
    case
        when plan.enrolment_id is null then plan.participant_key || '-' || row_number() over (
            partition by plan.clinic_id, plan.participant_key order by plan.start_date, plan.enrolment_key)
        when count(*) over (partition by plan.clinic_id, plan.enrolment_id) > 1
            then plan.enrolment_id || '~' || left(plan.participant_key, 6)
        else plan.enrolment_id
    end as enrolment_id,
    plan.participant_key,
    plan.condition_code as condition,
    vocabulary.condition_group,
    coalesce(plan.arm, 'none') as arm,
    coalesce(plan.modality, 'unknown') as modality,
    coalesce(plan.setting, 'unknown') as setting,
    plan.self_massage_share,
    plan.start_date,
    coalesce(plan.index_date, plan.start_date) as index_date,
    case when plan.is_single then 'single_session' else plan.plan_type end as plan_type,
    case when plan.plan_type = 'fixed_term' and not plan.is_single then plan.duration_weeks end as duration_weeks,
    plan.duration_band,
    plan.due_days,
    latest.status,
    latest.status_date,
    latest.stop_reason,
    latest.sessions_reported,
    latest.sex_at_birth,
    latest.birth_year,
    coalesce(plan.age, year(coalesce(plan.start_date, plan.index_date)) - latest.birth_year) as age_at_start,
    latest.home_tz,
    clinic.as_of_date,
    plan.file_key,
    plan.line
from banded as plan
join latest
    on latest.clinic_id = plan.clinic_id
    and latest.participant_key = plan.participant_key
    and latest.enrolment_key = plan.enrolment_key
join ref.condition as vocabulary on vocabulary.condition = plan.condition_code
join ref.clinic as clinic on clinic.clinic_id = plan.clinic_id
where latest.status is distinct from 'entered_in_error'
