-- One row per enrolment x score x visit that is due or answered, with change from baseline.
-- A view: facts.fct_outcome_figure holds the numbers, facts.fct_enrolment and staging.outcome_score the names.
-- A visit that is due but has no valid score has aval NULL: it belongs to the denominator. BASELINE is
-- a row of its own. Responders are inclusive at the boundary (10 -> 7 is 30 percent).
-- as: view
-- key: enrolment_no, instrument, version, score_id, visit
-- scale: participant_key
-- columns:
--   clinic_id         clinic that prescribed the programme
--   participant_key   pseudonym of the person
--   enrolment_no      enrolment, numbered within this release
--   enrolment_id      enrolment as the clinic names it
--   condition         condition of the enrolment
--   condition_group   its group
--   duration_band     band of the prescribed duration
--   modality          self-massage only, adjunct, ...
--   arm               pathway or trial arm
--   setting           where the programme is done
--   instrument        questionnaire
--   version           its version
--   score_id          score of the questionnaire
--   visit             analysis visit
--   visit_basis       date (study day in the window) or label (dates missing); NULL: not answered
--   ady               study day of the assessment (start date = 1); NULL without dates
--   response_no       response that serves the visit
--   scored_by         who computed the score: this pipeline or the source
--   is_due            window closed at the as-of date (label visits: enrolled)
--   base              score at BASELINE
--   aval              score at this visit; NULL: no valid score
--   chg               aval - base; NULL at BASELINE
--   improve           change with the sign that makes better positive
--   pchg              100 x chg / base; only where the scale has a true zero and base is large enough
--   mic_value         smallest change that patients notice, as configured
--   mic_unit          points, or percent of baseline
--   mic_source        publication of that value
--   is_resp_mic       improve >= MIC; NULL without a pair or a MIC
--   is_resp30         improve >= 30 percent of base; NULL where percent change is not allowed
--   is_resp50         improve >= 50 percent of base; NULL where percent change is not allowed
--   is_eligible_resp  base is at least the MIC away from the best possible score
--   is_worse_mic      worse by the MIC or more
--   is_base_at_floor  base is the best possible score: no room to improve
--   recall_overlap    the recall period reaches back before the start of the programme
select
    enrolment.clinic_id,
    enrolment.participant_key,
    outcome.enrolment_no,
    enrolment.enrolment_id,
    enrolment.condition,
    enrolment.condition_group,
    enrolment.duration_band,
    enrolment.modality,
    enrolment.arm,
    enrolment.setting,
    score.instrument,
    score.version,
    score.score_id,
    visit.visit,
    case when outcome.is_by_label then 'label' when not outcome.is_by_label then 'date' end as visit_basis,
    outcome.ady,
    outcome.response_no,
    case when outcome.is_of_source then 'source' when not outcome.is_of_source then 'followthrough' end
        as scored_by,
    outcome.is_due,
    outcome.base,
    outcome.aval,
    case when outcome.visit_no <> 0 then outcome.aval - outcome.base end as chg,
    outcome.improve,
    outcome.pchg,
    score.mic_value,
    score.mic_unit,
    score.mic_source,
    outcome.is_resp_mic,
    outcome.is_resp30,
    outcome.is_resp50,
    outcome.is_eligible_resp,
    outcome.is_worse_mic,
    outcome.is_base_at_floor,
    outcome.recall_overlap,
from facts.fct_outcome_figure as outcome
join facts.fct_enrolment as enrolment on enrolment.enrolment_no = outcome.enrolment_no
join staging.outcome_score as score on score.score_no = outcome.score_no
join staging.outcome_visit as visit on visit.visit_no = outcome.visit_no
