-- One row per landed enrolment row, with what becomes of it.
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
with placed as (
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
