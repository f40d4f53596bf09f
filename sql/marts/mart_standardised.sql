-- One row per level x condition x duration band x score: its mean change beside the one under a common mix.
-- Bands hold other clinics and conditions in other shares, so their plain means may rank them the other way round than every
-- single clinic does (Simpson). The standardised mean gives each clinic x condition the share that it has over all bands; strata
-- of fewer pairs than `disclosure.threshold` are left out, and below `evidence.standard_min_coverage_pct` of the mix there is
-- no such mean. The trends are slopes per step between ordered bands: over all people, and within clinic x condition.
-- key: level, condition, duration_band, modality, arm, setting, clinic_id, instrument, version, score_id, visit
-- columns:
--   level               condition, group (of conditions) or all
--   condition           condition, its group, or all
--   duration_band       band of the prescribed duration; never all, single or open_ended
--   modality            always all: not split by it
--   arm                 always all: not split by it
--   setting             always all: not split by it
--   clinic_id           always all: clinics are standardised over
--   instrument          questionnaire
--   version             its version
--   score_id            score of the questionnaire
--   visit               primary visit
--   n_pair              enrolments with a change
--   improve_mean        their plain mean improvement, as in mart_outcome
--   k_strata            clinics x conditions with enough pairs
--   n_standard          pairs in them
--   coverage_pct        share of the common mix that they are
--   standard_mean       mean improvement under the common mix
--   standard_ci_lo      its lower 95 percent limit, by the spread within strata
--   standard_ci_hi      its upper 95 percent limit
--   n_trend             pairs of all bands: the n of the trends, which are those of the whole comparison
--   trend_crude         slope of the improvement per band over all people
--   trend_crude_p       two-sided p of no slope; descriptive
--   trend_within        the same within clinic x condition
--   trend_within_p      two-sided p of no slope; descriptive
--   simpson_warning     the two slopes point opposite ways, and one of them clearly: the plain means mislead
--   design              always uncontrolled_before_after
--   suppressed          whether figures are hidden; false here, decided by the disclosure step
--   suppression_reason  why; NULL here
--   release_id          release
--   as_of_date          as-of date of the latest clinic
select
    s.level, s.condition, s.duration_band,
    'all' as modality, 'all' as arm, 'all' as setting, 'all' as clinic_id,
    s.instrument, s.version, s.score_id, s.visit,
    s.n_pair, s.improve_mean, s.k_strata, s.n_standard, s.coverage_pct,
    s.standard_mean, s.standard_ci_lo, s.standard_ci_hi,
    s.n_trend, s.trend_crude, s.trend_crude_p, s.trend_within, s.trend_within_p, s.simpson_warning,
    'uncontrolled_before_after' as design,
    false as suppressed,
    null::varchar as suppression_reason,
    r.release_id,
    r.as_of_date,
from staging.standard_inference as s
cross join ref.run as r
