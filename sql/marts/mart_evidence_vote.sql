-- One row per cell x domain: how many cohorts showed a significant improvement, out of how many. k of K, as reviews count.
-- Counting significant results says nothing about size, and depends on sample size: a row is shown with its intervals, the
-- sign test of the directions and the pooled effect (mart_evidence_pool), or not at all. A cohort is clinic x condition x
-- duration band among those who massage themselves only, by the primary score of the domain, from `outcome.min_pairs_test`
-- people on. The review's own count stands beside ours as source `published_reference` and is never added to it.
-- key: level, condition, duration_band, modality, arm, setting, clinic_id, domain, source
-- columns:
--   level                      condition, group (of conditions) or all
--   condition                  condition, its group, or all
--   duration_band              band of the prescribed duration, or all
--   modality                   self_massage_only; all for the published reference, which mixed designs
--   arm                        always all: not split by it
--   setting                    always all: not split by it
--   clinic_id                  always all: clinics are what is counted
--   domain                     what the scores measure; all for the published reference
--   source                     network: these clinics; published_reference: the review
--   k_units                    cohorts with enough people for a test
--   k_improved_sig             of which improved, with p after Holm under 0.05
--   label                      k_improved_sig of k_units, in words
--   pct_improved_sig           k_improved_sig in percent of k_units
--   pct_improved_sig_ci_lo     lower 95 percent Wilson limit
--   pct_improved_sig_ci_hi     upper 95 percent Wilson limit
--   pct_improved_sig_exact_lo  lower 95 percent limit of Clopper and Pearson
--   pct_improved_sig_exact_hi  upper 95 percent limit of Clopper and Pearson
--   k_worse_sig                cohorts that became worse, with p after Holm under 0.05
--   k_ns                       cohorts with neither
--   k_insufficient             cohorts with too few people: not among k_units
--   n_smallest_unit            people of the smallest cohort of k_units; NULL: none, or not told by the review
--   k_direction                cohorts of k_units whose mean improved, significantly or not
--   k_other_direction          cohorts of k_units whose mean became worse
--   sign_test_p                two-sided p that both directions are equally likely
--   family_id                  family of the tests: all cohorts of all domains, fixed before any result
--   family_m                   tests in the family
--   caveat_code                sentence that must stand beside the count
--   suppressed                 whether figures are hidden; false here, decided by the disclosure step
--   suppression_reason         why; NULL here
--   release_id                 release
--   as_of_date                 as-of date of the latest clinic
select
    v.level, v.condition, v.duration_band, v.modality,
    'all' as arm, 'all' as setting, 'all' as clinic_id,
    v.domain, v.source, v.k_units, v.k_improved_sig,
    v.k_improved_sig || ' of ' || v.k_units as label,
    v.pct_improved_sig, v.pct_improved_sig_ci_lo, v.pct_improved_sig_ci_hi,
    v.pct_improved_sig_exact_lo, v.pct_improved_sig_exact_hi,
    v.k_worse_sig,
    v.k_units - v.k_improved_sig - v.k_worse_sig as k_ns,
    v.k_insufficient, v.n_smallest_unit, v.k_direction, v.k_other_direction, v.sign_test_p,
    v.family_id, v.family_m,
    'VOTE_COUNTING' as caveat_code,
    false as suppressed,
    null::varchar as suppression_reason,
    r.release_id,
    r.as_of_date,
from staging.evidence_vote_inference as v
cross join ref.run as r
