-- One row per enrolment x score with a change at the end of programme: that change beside the dose before it.
-- Where a length is missing the minutes are unknown, not few; a clinic without any session export has no dose
-- at all. Labelled visits have no day up to which a dose could be counted.
-- key: enrolment_no, instrument, version, score_id
-- columns:
--   enrolment_no   enrolment
--   stratum_no     stratum that decides into which cells it falls
--   person_no      smallest enrolment number of the same person
--   clinic_id      clinic
--   start_date     day 1
--   instrument     questionnaire
--   version        its version
--   score_id       score of the questionnaire
--   visit          primary visit
--   improve        change from baseline, better counted as positive
--   base           score at baseline
--   age            age in years at the start
--   minutes        minutes of massage before the day of the assessment
--   adherence      capped adherence over the weeks before it, 0-1
with primary_visit as (
    select text as visit from ref.policy where key = 'outcome.primary_visit'
),
logging_clinic as (
    select distinct clinic_id from ref.session_file
)
select
    o.enrolment_no, s.stratum_no, s.person_no, e.clinic_id, e.start_date,
    o.instrument, o.version, o.score_id, o.visit, o.improve, o.base,
    e.age_at_start as age,
    case when c.clinic_id is not null and d.n_minutes_missing = 0 then d.dose_ms / 60000 end as minutes,
    case when c.clinic_id is not null and d.due > 0
        then cast(d.sessions_capped as double) / cast(d.due as double) end as adherence,
from facts.fct_outcome as o
join primary_visit as p on p.visit = o.visit
join staging.outcome_stratum as s on s.enrolment_no = o.enrolment_no
join staging.enrolment as e on e.enrolment_no = o.enrolment_no
left join staging.dose_landmark as d on d.enrolment_no = o.enrolment_no and d.ady = o.ady
left join logging_clinic as c on c.clinic_id = e.clinic_id
where o.improve is not null
