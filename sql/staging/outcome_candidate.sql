-- One row per enrolment x score x visit x response that could serve it, with why it does or does not.
-- How one is selected is told by staging.outcome_choice, of which this is the form with names.
-- as: view
-- published
-- key: enrolment_no, response_no, score_id, visit
-- columns:
--   enrolment_no         enrolment
--   response_no          survey response
--   instrument           questionnaire
--   version              its version
--   score_id             score of the questionnaire
--   visit                analysis visit; NULL: in no window
--   visit_basis          `date` (study day in the window) or `label` (dates missing)
--   ady                  study day; NULL with visit_basis label
--   value                score
--   direction            higher_worse or higher_better
--   scored_by            who computed the score
--   reason_not_selected  NULL: this one serves the visit; else why not
select
    c.enrolment_no,
    c.response_no,
    s.instrument,
    s.version,
    s.score_id,
    v.visit,
    case when c.is_by_label then 'label' when c.visit_no is not null then 'date' end as visit_basis,
    c.ady,
    c.value,
    s.direction,
    case when c.is_of_source then 'source' else 'followthrough' end as scored_by,
    c.reason_not_selected,
from staging.outcome_choice as c
join staging.outcome_score as s on s.score_no = c.score_no
left join staging.outcome_visit as v on v.visit_no = c.visit_no
