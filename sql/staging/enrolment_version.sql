-- One row per enrolment x version of its prescription in force, oldest version first, of people with several landed rows.
-- Whoever has one row has one version, which staging.enrolment holds.
-- key: clinic_id, participant_key, enrolment_key, version_no
-- columns:
--   clinic_id            clinic
--   participant_key      pseudonym of the person
--   enrolment_key        identity of the enrolment within person and clinic
--   version_no           1 = the first version
--   effective_from       first day of the version; NULL without a start date
--   effective_to         last day of the version; NULL: open
--   is_day_one           the version in force on day 1, which sets the duration band
--   is_latest            the newest version, which knows the state of the enrolment
--   file_key             landed file
--   line                 line in the export
with kept as (
    select
        row.clinic_id,
        row.participant_key,
        row.enrolment_key,
        row.file_key,
        row.line,
        row.effective_from as declared_from,
        min(landed.start_date) over (partition by row.clinic_id, row.participant_key, row.enrolment_key) as start_date
    from staging.enrolment_row as row
    join landed.enrolment as landed on landed.file_key = row.file_key and landed.line = row.line
    where row.outcome = 'kept'
),

numbered as (
    select
        *,
        row_number() over version as version_no,
        lead(declared_from) over version as next_from
    from kept
    window version as (
        partition by clinic_id, participant_key, enrolment_key order by declared_from nulls first, file_key, line
    )
)

select
    clinic_id,
    participant_key,
    enrolment_key,
    version_no,
    case when version_no = 1 then coalesce(start_date, declared_from) else declared_from end as effective_from,
    next_from - 1 as effective_to,
    version_no = max(version_no) filter (where version_no = 1 or declared_from <= start_date)
        over (partition by clinic_id, participant_key, enrolment_key) as is_day_one,
    next_from is null as is_latest,
    file_key,
    line
from numbered
