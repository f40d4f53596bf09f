-- One row per enrolment in force that stands and is odd beside others: two programmes at once, a prescription overwritten.
-- Prescriptions are versioned, never edited: a later export that changes the dose of a version which had already begun
-- moves the denominators of weeks that are over. It is held against the first export that had the version, so putting the
-- old dose back closes it. A person may have two programmes, but not two for one condition.
-- key: file_key, line, rule_id
-- columns:
--   file_key  landed file
--   line      line in the export
--   rule_id   overlapping_enrolments or retroactive_change
with programme as (
    -- Only who has a version listed has several rows, and so perhaps several programmes.
    select
        enrolment.enrolment_no, enrolment.participant_key, enrolment.condition, enrolment.start_date,
        plan.belongs_to_date, day_one.file_key, day_one.line
    from staging.enrolment_version as day_one
    join staging.enrolment as enrolment
        on enrolment.clinic_id = day_one.clinic_id
        and enrolment.participant_key = day_one.participant_key
        and enrolment.enrolment_key = day_one.enrolment_key
        and day_one.is_day_one
    join staging.adherence_plan as plan on plan.enrolment_no = enrolment.enrolment_no
    where enrolment.start_date is not null
),

exported as (
    select
        row.clinic_id, row.participant_key, row.enrolment_key, row.effective_from, row.outcome, row.file_key, row.line,
        known.file_rank, file.exported_at,
        coalesce(landed.effective_from, landed.start_date) as in_force_from,
        row(
            landed.plan_type, case when landed.plan_type = 'fixed_term' then landed.duration_weeks end,
            landed.sessions_per_week, landed.minutes_per_session, landed.due_days
        ) as dose
    from staging.enrolment_row as row
    join landed.enrolment as landed on landed.file_key = row.file_key and landed.line = row.line
    join landed.file as file on file.file_key = row.file_key
    join staging.known_file as known on known.file_key = row.file_key
    qualify row_number() over (
        partition by row.clinic_id, row.participant_key, row.enrolment_key, row.effective_from, row.file_key
        order by row.line) = 1
),

compared as (
    select
        *,
        first_value(dose) over version as first_dose
    from exported
    window version as (
        partition by clinic_id, participant_key, enrolment_key, effective_from order by file_rank desc
    )
)

select distinct later.file_key, later.line, 'overlapping_enrolments' as rule_id
from programme as later
join programme as earlier
    on earlier.participant_key = later.participant_key
    and earlier.condition = later.condition
    and (earlier.start_date, earlier.enrolment_no) < (later.start_date, later.enrolment_no)
    and (earlier.belongs_to_date is null or earlier.belongs_to_date >= later.start_date)
union all
select file_key, line, 'retroactive_change' as rule_id
from compared
where outcome = 'kept'
    and dose is distinct from first_dose
    and cast(exported_at as date) > in_force_from
