-- One row per cell x score x visit: what changed between baseline and visit, for how many of whom.
-- Uncontrolled before and after: no column says why anything changed. Counts come from SQL, means,
-- intervals and tests from the inference step, both from facts.fct_outcome. A share that has no meaning
-- (percent change not allowed, no MIC, the BASELINE row) is NULL.
-- key: level, condition, duration_band, modality, arm, setting, clinic_id, instrument, version, score_id, visit
-- columns:
--   level                        condition, group (of conditions) or all
--   condition                    condition, its group, or all
--   duration_band                band of the prescribed duration, or all
--   modality                     modality, or all: not split by it
--   arm                          pathway or trial arm, or all: not split by it
--   setting                      setting, or all: not split by it
--   clinic_id                    clinic, or all: not split by it
--   instrument                   questionnaire
--   version                      its version
--   score_id                     score of the questionnaire
--   visit                        analysis visit; BASELINE is a row of its own
--   n_enrolled                   enrolments that have begun
--   n_persons                    people behind n_enrolled
--   n_due                        enrolments for which the score was due and whose window has closed
--   n_visit                      valid scores at this visit
--   visit_mean                   mean of the n_visit scores
--   visit_sd                     their standard deviation
--   n_baseline                   enrolments with a valid baseline score, whatever the visit
--   n_followup                   valid scores after baseline; 0 at BASELINE
--   n_pair                       enrolments with baseline and this visit; 0 at BASELINE
--   n_pair_due                   pairs among the due (some answer before the window has closed)
--   n_due_baseline               enrolments due with a valid baseline, answered or not: the n of sens_*; 0 at BASELINE
--   completeness_pct             100 x n_pair_due / n_due; without a baseline (BASELINE, change scores) answers / n_due
--   baseline_mean                mean baseline of the pairs
--   baseline_sd                  its standard deviation
--   followup_mean                mean at this visit of the pairs
--   followup_sd                  its standard deviation
--   change_mean                  mean of visit minus baseline over the pairs
--   change_sd                    its standard deviation; NULL below two pairs
--   change_ci_lo                 lower 95 percent limit of change_mean by t
--   change_ci_hi                 upper 95 percent limit of change_mean by t
--   improve_mean                 mean change with better counted as positive
--   improve_sd                   its standard deviation; NULL below two pairs
--   improve_ci_lo                lower 95 percent limit of improve_mean by t
--   improve_ci_hi                upper 95 percent limit of improve_mean by t
--   hl_median                    Hodges-Lehmann estimate of the improvement; NULL below the pairs that allow a test
--   hl_ci_lo                     its lower limit from Walsh averages, at least 95 percent up to 50 pairs
--   hl_ci_hi                     its upper limit
--   p_t                          two-sided p of the paired t test; NULL below the pairs that allow a test, or where all changes are equal
--   p_wilcoxon                   two-sided p of the signed-rank test, zeros dropped; NULL below the pairs that allow a test
--   wilcoxon_method              exact (all sign patterns, up to 50 changes) or normal (corrected for ties and continuity)
--   n_zero                       pairs without any change, dropped by the signed-rank test
--   primary_test                 t or wilcoxon: declared for the score before any change was seen
--   p_primary                    p of that test
--   p_holm                       p_primary adjusted by Holm over the family; NULL: not a member
--   q_bh                         p_primary adjusted by Benjamini and Hochberg over the family; NULL: not a member
--   family_id                    family of tests to which the row belongs; NULL: none, its p is descriptive
--   family_m                     number of tests in the family
--   srm                          standardised response mean: improve_mean / improve_sd; not comparable between questionnaires
--   srm_ci_lo                    its lower 95 percent limit by the non-central t; NULL where changes are all but equal
--   srm_ci_hi                    its upper limit
--   g_av                         improve_mean over the root of the mean variance of both visits, times 1 - 3 / (8 n - 9)
--   g_av_ci_lo                   its lower 95 percent limit (Algina and Keselman)
--   g_av_ci_hi                   its upper limit
--   pchg_mean                    mean of the individual percent changes, not percent change of the means
--   n_pchg                       pairs with a percent change (true zero and baseline above it)
--   r_pre_post                   correlation of baseline and visit over the pairs
--   n_resp_mic_pair              improved by the MIC or more, among pairs
--   pct_resp_mic_pair            in percent of n_pair
--   pct_resp_mic_pair_ci_lo      lower Wilson limit
--   pct_resp_mic_pair_ci_hi      upper Wilson limit
--   n_resp_mic_due               improved by the MIC or more, among enrolments due, missing = non-responder
--   pct_resp_mic_due             in percent of n_due
--   pct_resp_mic_due_ci_lo       lower Wilson limit
--   pct_resp_mic_due_ci_hi       upper Wilson limit
--   n_resp_mic_eligible          improved by the MIC or more, among pairs that could respond
--   pct_resp_mic_eligible        in percent of n_eligible_resp
--   pct_resp_mic_eligible_ci_lo  lower Wilson limit
--   pct_resp_mic_eligible_ci_hi  upper Wilson limit
--   n_resp_r30_pair              improved by 30 percent or more, among pairs
--   pct_resp_r30_pair            in percent of n_pair
--   pct_resp_r30_pair_ci_lo      lower Wilson limit
--   pct_resp_r30_pair_ci_hi      upper Wilson limit
--   n_resp_r30_due               improved by 30 percent or more, among enrolments due, missing = non-responder
--   pct_resp_r30_due             in percent of n_due
--   pct_resp_r30_due_ci_lo       lower Wilson limit
--   pct_resp_r30_due_ci_hi       upper Wilson limit
--   n_resp_r30_eligible          improved by 30 percent or more, among pairs that could respond
--   pct_resp_r30_eligible        in percent of n_eligible_resp
--   pct_resp_r30_eligible_ci_lo  lower Wilson limit
--   pct_resp_r30_eligible_ci_hi  upper Wilson limit
--   n_resp_r50_pair              improved by 50 percent or more, among pairs
--   pct_resp_r50_pair            in percent of n_pair
--   pct_resp_r50_pair_ci_lo      lower Wilson limit
--   pct_resp_r50_pair_ci_hi      upper Wilson limit
--   n_resp_r50_due               improved by 50 percent or more, among enrolments due, missing = non-responder
--   pct_resp_r50_due             in percent of n_due
--   pct_resp_r50_due_ci_lo       lower Wilson limit
--   pct_resp_r50_due_ci_hi       upper Wilson limit
--   n_resp_r50_eligible          improved by 50 percent or more, among pairs that could respond
--   pct_resp_r50_eligible        in percent of n_eligible_resp
--   pct_resp_r50_eligible_ci_lo  lower Wilson limit
--   pct_resp_r50_eligible_ci_hi  upper Wilson limit
--   n_eligible_resp              pairs whose baseline is at least the MIC away from the best score
--   n_worse_mic                  pairs worse by the MIC or more
--   pct_worse_mic                in percent of n_pair
--   pct_worse_mic_ci_lo          lower Wilson limit
--   pct_worse_mic_ci_hi          upper Wilson limit
--   n_floor                      pairs whose baseline was already the best possible score
--   floor_pct                    n_floor in percent of n_pair
--   n_recall_overlap             scores whose recall period reaches back before the start
--   n_label                      scores placed by the clinic's label because dates are missing
--   sens_bocf_mean               mean improvement of n_due_baseline, no answer counted as no change (baseline carried forward)
--   sens_mi_mean                 the same by multiple imputation; members of the family only
--   sens_mi_ci_lo                its lower 95 percent limit by Rubin's rules
--   sens_mi_ci_hi                its upper limit
--   rtm_expected                 change_mean to be expected without any treatment, under the distribution assumed in policy.toml
--   mic_value                    minimal important change used
--   mic_unit                     points, or percent of baseline
--   mic_source                   publication of that value
--   scored_by                    who computed the scores: this pipeline, the source, or mixed
--   design                       always uncontrolled_before_after
--   low_completeness             completeness_pct is below the policy's share
--   change_code                  NO_CLEAR_CHANGE, CHANGE_BELOW_MIC, CHANGE_GE_MIC or WORSE by the interval; NULL: too few pairs
--   wording_code                 what may be said: INSUFFICIENT, else LOW_COMPLETENESS, else change_code; NULL where nothing is paired
--   suppressed                   whether figures are hidden; false here, decided by the disclosure step
--   suppression_reason           why; NULL here
--   release_id                   release
--   as_of_date                   as-of date of the clinic; of the latest clinic where clinic_id is all
with counted as (
    select
        c.*, m.instrument, m.version, m.score_id, v.visit, m.mic_value, m.mic_unit, m.mic_source,
        coalesce(b.n_visit, 0) as n_baseline,
        c.visit_no = 0 or m.is_change_score as is_unpaired,
    from staging.outcome_count as c
    left join staging.outcome_count as b
        on b.visit_no = 0 and b.cell_no = c.cell_no and b.score_no = c.score_no
    join staging.outcome_score as m on m.score_no = c.score_no
    join staging.outcome_visit as v on v.visit_no = c.visit_no
)
select
    z.level, z.condition, z.duration_band, z.modality, z.arm, z.setting, z.clinic_id,
    c.instrument, c.version, c.score_id, c.visit,
    z.n_enrolled, z.n_persons, c.n_due, c.n_visit, i.visit_mean, i.visit_sd,
    c.n_baseline, c.n_followup, c.n_pair, c.n_pair_due, c.n_due_baseline,
    100.0 * case when c.is_unpaired then c.n_visit_due else c.n_pair_due end / nullif(c.n_due, 0)
        as completeness_pct,
    i.baseline_mean, i.baseline_sd, i.followup_mean, i.followup_sd,
    i.change_mean, i.change_sd, i.change_ci_lo, i.change_ci_hi,
    i.improve_mean, i.improve_sd, i.improve_ci_lo, i.improve_ci_hi,
    i.hl_median, i.hl_ci_lo, i.hl_ci_hi,
    i.p_t, i.p_wilcoxon, i.wilcoxon_method, i.n_zero::bigint as n_zero, i.primary_test, i.p_primary,
    i.p_holm, i.q_bh, i.family_id, i.family_m::bigint as family_m,
    i.srm, i.srm_ci_lo, i.srm_ci_hi, i.g_av, i.g_av_ci_lo, i.g_av_ci_hi,
    i.pchg_mean, c.n_pchg, i.r_pre_post,
    c.n_resp_mic_pair, 100.0 * c.n_resp_mic_pair / nullif(c.n_pair, 0) as pct_resp_mic_pair,
    i.pct_resp_mic_pair_ci_lo, i.pct_resp_mic_pair_ci_hi,
    c.n_resp_mic_due, 100.0 * c.n_resp_mic_due / nullif(c.n_due, 0) as pct_resp_mic_due,
    i.pct_resp_mic_due_ci_lo, i.pct_resp_mic_due_ci_hi,
    c.n_resp_mic_eligible, 100.0 * c.n_resp_mic_eligible / nullif(c.n_eligible_resp, 0) as pct_resp_mic_eligible,
    i.pct_resp_mic_eligible_ci_lo, i.pct_resp_mic_eligible_ci_hi,
    c.n_resp_r30_pair, 100.0 * c.n_resp_r30_pair / nullif(c.n_pair, 0) as pct_resp_r30_pair,
    i.pct_resp_r30_pair_ci_lo, i.pct_resp_r30_pair_ci_hi,
    c.n_resp_r30_due, 100.0 * c.n_resp_r30_due / nullif(c.n_due, 0) as pct_resp_r30_due,
    i.pct_resp_r30_due_ci_lo, i.pct_resp_r30_due_ci_hi,
    c.n_resp_r30_eligible, 100.0 * c.n_resp_r30_eligible / nullif(c.n_eligible_resp, 0) as pct_resp_r30_eligible,
    i.pct_resp_r30_eligible_ci_lo, i.pct_resp_r30_eligible_ci_hi,
    c.n_resp_r50_pair, 100.0 * c.n_resp_r50_pair / nullif(c.n_pair, 0) as pct_resp_r50_pair,
    i.pct_resp_r50_pair_ci_lo, i.pct_resp_r50_pair_ci_hi,
    c.n_resp_r50_due, 100.0 * c.n_resp_r50_due / nullif(c.n_due, 0) as pct_resp_r50_due,
    i.pct_resp_r50_due_ci_lo, i.pct_resp_r50_due_ci_hi,
    c.n_resp_r50_eligible, 100.0 * c.n_resp_r50_eligible / nullif(c.n_eligible_resp, 0) as pct_resp_r50_eligible,
    i.pct_resp_r50_eligible_ci_lo, i.pct_resp_r50_eligible_ci_hi,
    c.n_eligible_resp, c.n_worse_mic, 100.0 * c.n_worse_mic / nullif(c.n_pair, 0) as pct_worse_mic,
    i.pct_worse_mic_ci_lo, i.pct_worse_mic_ci_hi,
    c.n_floor, 100.0 * c.n_floor / nullif(c.n_pair, 0) as floor_pct,
    c.n_recall_overlap, c.n_label,
    i.sens_bocf_mean, i.sens_mi_mean, i.sens_mi_ci_lo, i.sens_mi_ci_hi, i.rtm_expected,
    c.mic_value, c.mic_unit, c.mic_source, c.scored_by,
    'uncontrolled_before_after' as design,
    i.low_completeness, i.change_code, i.wording_code,
    false as suppressed,
    null::varchar as suppression_reason,
    r.release_id,
    coalesce(k.as_of_date, r.as_of_date) as as_of_date,
from counted as c
join staging.outcome_cell_size as z on z.cell_no = c.cell_no
left join staging.outcome_inference as i
    on i.cell_no = c.cell_no and i.score_no = c.score_no and i.visit_no = c.visit_no
left join ref.clinic as k on k.clinic_id = z.clinic_id
cross join ref.run as r
