-- One row per enrolment x score with a change at the primary visit: what votes and pools are made of.
-- key: enrolment_no, instrument, version, score_id
-- columns:
--   enrolment_no     enrolment
--   person_no        smallest enrolment number of the same person
--   start_date       day 1; NULL: dates missing
--   clinic_id        clinic
--   condition        condition of the enrolment
--   condition_group  its group
--   duration_band    band of the prescribed duration
--   modality         part that self-massage has in the treatment
--   domain           domain for which the score may be the primary one; NULL: for none
--   domain_rank      its place among the scores of that domain
--   instrument       questionnaire
--   version          its version
--   score_id         score of the questionnaire
--   visit            primary visit: end of programme, or the follow-up of a single session
--   declared_test    test declared for the score: t or wilcoxon
--   improve          change from baseline, better counted as positive
--   base             score at baseline
--   aval             score at the visit
with policy as (
    select
        max(text) filter (where key = 'outcome.primary_visit') as visit,
        max(text) filter (where key = 'outcome.primary_visit_single') as visit_single,
    from ref.policy
)
select
    o.enrolment_no, s.person_no, e.start_date, s.clinic_id, s.condition, s.condition_group,
    s.duration_band, s.modality, r.domain, r.domain_rank, o.instrument, o.version, o.score_id, o.visit,
    r.declared_test, o.improve, o.base, o.aval,
from facts.fct_outcome as o
cross join policy as p
join staging.outcome_stratum as s on s.enrolment_no = o.enrolment_no
join staging.enrolment as e on e.enrolment_no = o.enrolment_no
left join staging.outcome_score as r
    on r.instrument = o.instrument and r.version = o.version and r.score_id = o.score_id
where o.improve is not null
    and o.visit = case s.duration_band when 'single' then p.visit_single else p.visit end
