-- One row per enrolment x score with a change at the end of programme: that change beside the dose before it.
-- Where a length is missing the minutes are unknown, not few; a clinic without any session export has no dose
-- at all. Labelled visits have no day up to which a dose could be counted.
-- key: enrolment_no, score_no
-- columns:
--   enrolment_no   enrolment
--   stratum_no     stratum that decides into which cells it falls
--   person_no      smallest enrolment number of the same person
--   start_date     day 1
--   score_no       score of a questionnaire (staging.outcome_score)
--   improve        change from baseline, better counted as positive
--   base           score at baseline
--   age            age in years at the start
--   minutes        minutes of massage before the day of the assessment
--   adherence      capped adherence over the weeks before it, 0-1
with primary_visit as (
    select v.visit_no,
    from ref.policy as p
    join staging.outcome_visit as v on v.visit = p.text
    where p.key = 'outcome.primary_visit'
),
stratum as (
    select
        stratum_no,
        clinic_id in (select clinic_id from ref.session_file) as is_logging,
    from staging.outcome_stratum_name
)
select
    o.enrolment_no, s.stratum_no, s.person_no, e.start_date, o.score_no, o.improve, o.base,
    e.age_at_start as age,
    case when n.is_logging and d.n_minutes_missing = 0 then d.dose_ms / 60000 end as minutes,
    case when n.is_logging and d.due > 0
        then cast(d.sessions_capped as double) / cast(d.due as double) end as adherence,
from facts.fct_outcome_figure as o
join primary_visit as p on p.visit_no = o.visit_no
join staging.outcome_stratum as s on s.enrolment_no = o.enrolment_no
join stratum as n on n.stratum_no = s.stratum_no
join staging.enrolment as e on e.enrolment_no = o.enrolment_no
left join staging.dose_landmark as d on d.enrolment_no = o.enrolment_no and d.ady = o.ady
where o.improve is not null
