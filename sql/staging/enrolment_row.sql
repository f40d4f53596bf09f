-- One row per landed enrolment row that does not stand by itself, with what becomes of it: those of a person with several rows
-- and those of a dropped export. All other rows are in force, each as the only version of its enrolment (most people have
-- one), so that nothing has to be sorted or compared for them.
-- Identity: the clinic's enrolment id, else person, condition, start and arm; with `effective_from` a version of its own.
-- The newest export wins; within one file the first row stays, an identical later one is superseded, a different one refused.
-- key: file_key, line
-- columns:
--   file_key        landed file
--   line            line in the export
--   clinic_id       clinic
--   participant_key pseudonym of the person
--   enrolment_key   identity of the enrolment within person and clinic
--   effective_from  first day of this version of the prescription; NULL: the first one
--   outcome         kept, superseded or duplicate_key
with several as (
    -- By hash: a number is counted faster than a text, and two people under one hash only have their rows looked at.
    select hash(participant_key) as person
    from landed.enrolment
    group by person
    having count(*) > 1
),

placed as (
    select
        row.*,
        file_order.file_rank,
        file_order.is_dropped,
        coalesce(
            'id:' || row.enrolment_id,
            'of:' || row.condition_code || '|' || coalesce(cast(row.start_date as varchar), '') || '|' || coalesce(row.arm, 'none')
        ) as enrolment_key
    from landed.enrolment as row
    join staging.file_order as file_order on file_order.file_key = row.file_key
    left join several on several.person = hash(row.participant_key)
    where several.person is not null or file_order.is_dropped
),

ranked as (
    select
        file_key,
        line,
        clinic_id,
        participant_key,
        enrolment_key,
        effective_from,
        is_dropped,
        md5(cast(row(
            condition_code, start_date, index_date, plan_type, duration_weeks, sessions_per_week, minutes_per_session, due_days,
            setting, technique, body_site, tool, modality, self_massage_share, arm, status, status_date, stop_reason,
            sessions_reported, birth_year, age, sex_at_birth, gender, language, home_tz, consent_research, consent_date
        ) as varchar)) as content,
        row_number() over place as place,
        first_value(file_key) over place as winner_file,
        first_value(content) over place as winner_content
    from placed
    window place as (
        partition by clinic_id, participant_key, enrolment_key, effective_from order by is_dropped, file_rank, line
    )
)

select
    file_key,
    line,
    clinic_id,
    participant_key,
    enrolment_key,
    effective_from,
    case
        when is_dropped then 'superseded'
        when place = 1 then 'kept'
        when file_key = winner_file and content <> winner_content then 'duplicate_key'
        else 'superseded'
    end as outcome
from ranked
