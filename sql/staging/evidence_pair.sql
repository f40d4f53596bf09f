-- One row per enrolment x score with a change at the primary visit: what votes and pools are made of.
-- key: enrolment_no, score_no
-- columns:
--   enrolment_no     enrolment
--   person_no        smallest enrolment number of the same person
--   start_date       day 1; NULL: dates missing
--   stratum_no       stratum (staging.outcome_stratum_name): clinic, condition, band, modality
--   score_no         score of a questionnaire (staging.outcome_score)
--   visit_no         primary visit: end of programme, or the follow-up of a single session
--   improve          change from baseline, better counted as positive
--   base             score at baseline
--   aval             score at the visit
with policy as (
    select
        max(v.visit_no) filter (where p.key = 'outcome.primary_visit') as visit_no,
        max(v.visit_no) filter (where p.key = 'outcome.primary_visit_single') as single_no,
    from ref.policy as p
    join staging.outcome_visit as v on v.visit = p.text
)
select
    o.enrolment_no, s.person_no, e.start_date, s.stratum_no, o.score_no, o.visit_no, o.improve, o.base,
    o.aval,
from facts.fct_outcome_figure as o
cross join policy as p
join staging.outcome_stratum as s on s.enrolment_no = o.enrolment_no
join staging.enrolment as e on e.enrolment_no = o.enrolment_no
where o.improve is not null
    and o.visit_no = case s.plan_weeks when 0 then p.single_no else p.visit_no end
