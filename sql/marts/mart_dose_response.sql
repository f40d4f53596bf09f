-- One row per cell x score x measure of dose: whether people who did more also changed more by the end of programme.
-- An association, with confounding both ways: those who feel worse stop, and those who recover stop. The dose is what was
-- done before the day of the assessment (a landmark): what came later cannot move a figure. A person counts once in a cell,
-- with the first programme. Wording: `people who did more also ...`, never more.
-- key: level, condition, duration_band, modality, arm, setting, clinic_id, instrument, version, score_id, visit, dose
-- columns:
--   level               condition, group (of conditions) or all
--   condition           condition, its group, or all
--   duration_band       band of the prescribed duration, or all
--   modality            always all: not split by it
--   arm                 always all: not split by it
--   setting             always all: not split by it
--   clinic_id           always all: clinics are adjusted for instead
--   instrument          questionnaire
--   version             its version
--   score_id            score of the questionnaire
--   visit               primary visit: end of programme
--   dose                minutes: of massage; adherence: capped adherence, weeks that were over
--   n_pair              enrolments with a change at this visit
--   n_persons           people with a known dose among them: the n of every figure
--   dose_median         median dose: minutes, or share of the sessions due
--   dose_q1             lower quartile
--   dose_q3             upper quartile
--   rho                 Spearman's rank correlation of dose and improvement
--   rho_ci_lo           lower 95 percent limit, Fisher's z with the error of Bonett and Wright
--   rho_ci_hi           upper 95 percent limit
--   rho_p               two-sided p of no association; descriptive, NULL below `outcome.min_pairs_test` people
--   slope_step          size of one step of dose: minutes, or share of the sessions due
--   slope               improvement per step among people of one clinic, baseline and age, by least squares
--   slope_se            its standard error, HC3
--   slope_ci_lo         lower 95 percent limit
--   slope_ci_hi         upper 95 percent limit
--   slope_p             two-sided p of no slope; descriptive
--   n_model             people in that model: age known, and not the only one of their clinic
--   design              always uncontrolled_before_after
--   suppressed          whether figures are hidden; false here, decided by the disclosure step
--   suppression_reason  why; NULL here
--   release_id          release
--   as_of_date          as-of date of the latest clinic
select
    z.level, z.condition, z.duration_band, z.modality, z.arm, z.setting, z.clinic_id,
    i.instrument, i.version, i.score_id, i.visit, i.dose,
    i.n_pair, i.n_persons, i.dose_median, i.dose_q1, i.dose_q3,
    i.rho, i.rho_ci_lo, i.rho_ci_hi, i.rho_p,
    i.slope_step, i.slope, i.slope_se, i.slope_ci_lo, i.slope_ci_hi, i.slope_p, i.n_model,
    'uncontrolled_before_after' as design,
    false as suppressed,
    null::varchar as suppression_reason,
    r.release_id,
    r.as_of_date,
from staging.dose_inference as i
join staging.outcome_cell_size as z on z.cell_no = i.cell_no
cross join ref.run as r
