-- One row per cell x modality x domain: the mean change of all clinics pooled, each clinic with its primary score.
-- Random effects: REML with the interval of Hartung and Knapp, never narrower than its Wald interval would be; the estimates
-- of DerSimonian and Laird and of Paule and Mandel beside it. Where all clinics used one score the effect is its mean change
-- in points, else the change standardised by the SD at baseline (SMCR, with the correlation that was observed). Better counts
-- as positive. A person counts once, with the first programme; modalities are never pooled together; a clinic with fewer
-- people than `disclosure.threshold`, or without any spread, is left out and counted.
-- key: level, condition, duration_band, modality, arm, setting, clinic_id, domain
-- columns:
--   level               condition, group (of conditions) or all
--   condition           condition, its group, or all
--   duration_band       band of the prescribed duration, or all
--   modality            modality of the people pooled; never all
--   arm                 always all: not split by it
--   setting             always all: not split by it
--   clinic_id           always all: clinics are what is pooled
--   domain              what the scores measure
--   instrument          questionnaire; several: clinics used different scores
--   version             its version, or several
--   score_id            its score, or several
--   effect              points: mean change; smcr: standardised mean change; NULL: no clinic is large enough
--   pool_state          not_pooled: fewer than two clinics; few_clinics: show greyed, beside the clinics; pooled
--   k_clinics           clinics pooled
--   k_left_out          clinics with any change here that are too small, or without spread
--   n_persons           people of the pooled clinics
--   pooled_mean         pooled improvement
--   pooled_se           its standard error (Wald)
--   pooled_ci_lo        lower 95 percent limit, Hartung-Knapp
--   pooled_ci_hi        upper 95 percent limit, Hartung-Knapp
--   prediction_lo       lower end of where 95 percent of further clinics are expected; from three clinics on
--   prediction_hi       upper end of that
--   tau2                variance between clinics, REML
--   q                   Cochran's Q
--   i2_pct              share of the variation that lies between clinics
--   dl_mean             pooled improvement after DerSimonian and Laird
--   dl_ci_lo            lower 95 percent Wald limit
--   dl_ci_hi            upper 95 percent Wald limit
--   dl_tau2             its variance between clinics
--   pm_mean             pooled improvement after Paule and Mandel
--   pm_ci_lo            lower 95 percent Wald limit
--   pm_ci_hi            upper 95 percent Wald limit
--   pm_tau2             its variance between clinics
--   loo_mean_min        smallest pooled improvement without one of the clinics; from three clinics on
--   loo_mean_max        largest such
--   n_apart             smallest group of people that could be told apart from other published figures
--   n_unused            smallest number of pairs of a pooled score in the cell beyond those pooled; 0: none
--   design              always uncontrolled_before_after
--   suppressed          whether figures are hidden; false here, decided by the disclosure step
--   suppression_reason  why; NULL here
--   release_id          release
--   as_of_date          as-of date of the latest clinic
select
    p.level, p.condition, p.duration_band, p.modality,
    'all' as arm, 'all' as setting, 'all' as clinic_id,
    p.domain, p.instrument, p.version, p.score_id, p.effect, p.pool_state,
    p.k_clinics, p.k_left_out, p.n_persons,
    p.pooled_mean, p.pooled_se, p.pooled_ci_lo, p.pooled_ci_hi, p.prediction_lo, p.prediction_hi,
    p.tau2, p.q, p.i2_pct,
    p.dl_mean, p.dl_ci_lo, p.dl_ci_hi, p.dl_tau2,
    p.pm_mean, p.pm_ci_lo, p.pm_ci_hi, p.pm_tau2,
    p.loo_mean_min, p.loo_mean_max, p.n_apart, p.n_unused,
    'uncontrolled_before_after' as design,
    false as suppressed,
    null::varchar as suppression_reason,
    r.release_id,
    r.as_of_date,
from staging.evidence_pool_inference as p
cross join ref.run as r
