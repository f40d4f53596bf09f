-- One row per enrolment in force: one person x one programme x one start.
-- The plan is that of the version in force on day 1: later extensions do not move anybody to a longer band, else those
-- who do well would be found there. State and reasons come from the newest version.
-- key: enrolment_no
-- columns:
--   enrolment_no         internal number, dense in key order
--   clinic_id            clinic that prescribed the programme
--   enrolment_id         the clinic's id, else pseudonym and ordinal
--   participant_key      pseudonym of the person
--   enrolment_key        identity of the enrolment within person and clinic; NULL: the only landed row of the person
--   condition            primary condition
--   condition_group      group of the condition
--   arm                  pathway or trial arm, none if not given
--   modality             self-massage alone, beside other treatment, ...
--   setting              where the programme is done
--   self_massage_share   share of the intervention's minutes that is self-massage, 0-1
--   start_date           day 1; NULL: no calendar
--   effective_from       first day that was declared for the version of day 1
--   plan_type            single_session, fixed_term or open_ended
--   duration_weeks       prescribed weeks of a fixed term
--   duration_band        single, w1_3, w4, w5_7, w8_12, w_gt12 or open_ended
--   sessions_per_week    prescribed on day 1
--   minutes_per_session  prescribed on day 1
--   due_days             days in which a single session is due
--   status               state as the clinic reports it
--   status_date          day of that state
--   stop_reason          why it was stopped
--   sessions_reported    sessions that the source counted itself
--   sex_at_birth         sex at birth
--   age_at_start         age in years at the start
--   home_tz              zone in which the person lives
--   as_of_date           as-of date of the clinic
with told as not materialized (
    -- The rows that stand by themselves are plan and state in one; then come the enrolments with a history.
    select cast(null as varchar) as enrolment_key, landed.*
    from landed.enrolment as landed
    anti join staging.enrolment_row as several on several.file_key = landed.file_key and several.line = landed.line
    union all
    select
        day_one.enrolment_key,
        plan.* replace (
            newest.status as status, newest.status_date as status_date, newest.stop_reason as stop_reason,
            newest.sessions_reported as sessions_reported, newest.sex_at_birth as sex_at_birth,
            newest.birth_year as birth_year, newest.home_tz as home_tz
        )
    from staging.enrolment_version as day_one
    join landed.enrolment as plan on plan.file_key = day_one.file_key and plan.line = day_one.line
    join staging.enrolment_version as latest
        on latest.clinic_id = day_one.clinic_id
        and latest.participant_key = day_one.participant_key
        and latest.enrolment_key = day_one.enrolment_key
        and latest.is_latest
    join landed.enrolment as newest on newest.file_key = latest.file_key and newest.line = latest.line
    where day_one.is_day_one
),

standing as not materialized (
    select told.*, vocabulary.condition_group, clinic.as_of_date
    from told
    join ref.condition as vocabulary on vocabulary.condition = told.condition_code
    join ref.clinic as clinic on clinic.clinic_id = told.clinic_id
    where told.status is distinct from 'entered_in_error'
),

-- Numbered in narrow rows: a sort that carried the whole enrolment would cost more than all else here.
numbered as materialized (
    select
        clinic_id,
        participant_key,
        enrolment_key,
        enrolment_id,
        start_date,
        row_number() over (order by clinic_id, participant_key, enrolment_key) as enrolment_no
    from standing
),

ordinal as (
    select
        enrolment_no,
        row_number() over (partition by clinic_id, participant_key order by start_date, enrolment_key) as place
    from numbered
    where enrolment_key is not null
),

-- One id for several people: the pseudonym tells them apart.
shared_id as (
    select clinic_id, enrolment_id
    from numbered
    where enrolment_id is not null
    group by clinic_id, enrolment_id
    having count(*) > 1
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
    from standing
)

select
    cast(numbered.enrolment_no as integer) as enrolment_no,
    plan.clinic_id,
    case
        when plan.enrolment_id is null then plan.participant_key || '-' || coalesce(ordinal.place, 1)
        when shared_id.enrolment_id is not null then plan.enrolment_id || '~' || left(plan.participant_key, 6)
        else plan.enrolment_id
    end as enrolment_id,
    plan.participant_key,
    plan.enrolment_key,
    plan.condition_code as condition,
    plan.condition_group,
    coalesce(plan.arm, 'none') as arm,
    coalesce(plan.modality, 'unknown') as modality,
    coalesce(plan.setting, 'unknown') as setting,
    plan.self_massage_share,
    plan.start_date,
    plan.effective_from,
    case when plan.is_single then 'single_session' else plan.plan_type end as plan_type,
    case when plan.plan_type = 'fixed_term' and not plan.is_single then plan.duration_weeks end as duration_weeks,
    plan.duration_band,
    plan.sessions_per_week,
    plan.minutes_per_session,
    plan.due_days,
    plan.status,
    plan.status_date,
    plan.stop_reason,
    plan.sessions_reported,
    plan.sex_at_birth,
    coalesce(plan.age, year(coalesce(plan.start_date, plan.index_date)) - plan.birth_year) as age_at_start,
    plan.home_tz,
    plan.as_of_date
from banded as plan
join numbered
    on numbered.participant_key = plan.participant_key
    and numbered.clinic_id = plan.clinic_id
    and numbered.enrolment_key is not distinct from plan.enrolment_key
left join ordinal on ordinal.enrolment_no = numbered.enrolment_no
left join shared_id on shared_id.clinic_id = plan.clinic_id and shared_id.enrolment_id = plan.enrolment_id
