-- One row per stratum x score x visit: baselines of the due who answered and of those who did not.
-- Sums are of whole billionths of a point: no order of rows and no number of threads moves a bit, and
-- the variance keeps its digits.
-- key: stratum_no, instrument, version, score_id, visit
-- columns:
--   stratum_no          stratum
--   instrument          questionnaire
--   version             its version
--   score_id            score of the questionnaire
--   visit               analysis visit after the baseline
--   n_due               enrolments whose window has closed
--   n_without_baseline  of those, without a valid baseline: on neither side
--   n_completer         of those, with a baseline and a valid score at the visit
--   n_noncompleter      of those, with a baseline and no valid score at the visit
--   completer_sum       sum of the completers' baselines, in billionths
--   completer_sum2      sum of their squares
--   noncompleter_sum    sum of the non-completers' baselines, in billionths
--   noncompleter_sum2   sum of their squares
with due as (
    select
        stratum.stratum_no,
        score.instrument,
        score.version,
        score.score_id,
        visit.visit,
        outcome.base is not null as has_baseline,
        outcome.base is not null and outcome.aval is not null as is_completer,
        cast(round(outcome.base * 1e9) as hugeint) as base_e9
    from facts.fct_outcome_figure as outcome
    join staging.outcome_stratum as stratum on stratum.enrolment_no = outcome.enrolment_no
    join staging.outcome_score as score on score.score_no = outcome.score_no
    join staging.outcome_visit as visit on visit.visit_no = outcome.visit_no
    -- A score that asks for the change itself has no baseline to compare.
    where outcome.is_due and outcome.visit_no <> 0 and not score.is_change_score
)

select
    stratum_no,
    instrument,
    version,
    score_id,
    visit,
    count(*) as n_due,
    count(*) filter (where not has_baseline) as n_without_baseline,
    count(*) filter (where is_completer) as n_completer,
    count(*) filter (where has_baseline and not is_completer) as n_noncompleter,
    coalesce(sum(base_e9) filter (where is_completer), 0) as completer_sum,
    coalesce(sum(base_e9 * base_e9) filter (where is_completer), 0) as completer_sum2,
    coalesce(sum(base_e9) filter (where not is_completer), 0) as noncompleter_sum,
    coalesce(sum(base_e9 * base_e9) filter (where not is_completer), 0) as noncompleter_sum2
from due
group by stratum_no, instrument, version, score_id, visit
