-- One row per enrolment x version of its prescription: no overlap, no hole.
-- key: enrolment_no, version_no
-- columns:
--   enrolment_no         enrolment
--   version_no           1 = the first version
--   effective_from       first day; NULL without a start date
--   effective_to         last day; NULL: open
--   sessions_per_week    prescribed sessions per week
--   minutes_per_session  prescribed minutes per session
select
    enrolment_no,
    1 as version_no,
    coalesce(start_date, effective_from) as effective_from,
    cast(null as date) as effective_to,
    cast(sessions_per_week as decimal(9, 3)) as sessions_per_week,
    cast(minutes_per_session as decimal(9, 3)) as minutes_per_session
from staging.enrolment
where enrolment_key is null
union all
select
    enrolment.enrolment_no,
    cast(version.version_no as integer) as version_no,
    version.effective_from,
    version.effective_to,
    cast(landed.sessions_per_week as decimal(9, 3)) as sessions_per_week,
    cast(landed.minutes_per_session as decimal(9, 3)) as minutes_per_session
from staging.enrolment_version as version
join landed.enrolment as landed on landed.file_key = version.file_key and landed.line = version.line
join staging.enrolment as enrolment
    on enrolment.clinic_id = version.clinic_id
    and enrolment.participant_key = version.participant_key
    and enrolment.enrolment_key = version.enrolment_key
