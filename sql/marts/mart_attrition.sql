-- One row per cell x score x visit: the baseline of those who answered when it was due, beside the
-- baseline of those who did not. Where the two differ, the change among completers speaks of a
-- selected group. The difference is in points and in standard deviations; no test is made of it,
-- because a small sample would always pass.
-- key: level, condition, duration_band, modality, arm, setting, clinic_id, instrument, version, score_id, visit
-- columns:
--   level                       condition, group (of conditions) or all
--   condition                   condition, its group, or all
--   duration_band               band of the prescribed duration, or all
--   modality                    modality, or all: not split by it
--   arm                         pathway or trial arm, or all: not split by it
--   setting                     setting, or all: not split by it
--   clinic_id                   clinic, or all: not split by it
--   instrument                  questionnaire
--   version                     its version
--   score_id                    score of the questionnaire
--   visit                       analysis visit after the baseline
--   n_due                       enrolments whose window has closed
--   n_without_baseline          of n_due: without a valid baseline, so on neither side
--   n_completer                 of n_due: with a baseline and a valid score at the visit
--   n_noncompleter              of n_due: with a baseline and no valid score at the visit
--   completer_baseline_mean     mean baseline of the completers
--   completer_baseline_sd       its standard deviation; NULL below two
--   noncompleter_baseline_mean  mean baseline of the non-completers
--   noncompleter_baseline_sd    its standard deviation; NULL below two
--   baseline_difference         mean of the completers less mean of the non-completers, in points
--   baseline_smd                the same over the root of the mean of both variances (standardised mean difference)
--   suppressed                  whether figures are hidden; false here, decided by the disclosure step
--   suppression_reason          why; NULL here
--   release_id                  release
--   as_of_date                  as-of date of the clinic; of the latest clinic where clinic_id is all
with
counted as (
    select
        cell.level, cell.condition, cell.duration_band,
        cell.modality, cell.arm, cell.setting, cell.clinic_id,
        stratum.instrument, stratum.version, stratum.score_id, stratum.visit,
        cast(sum(stratum.n_due) as bigint) as n_due,
        cast(sum(stratum.n_without_baseline) as bigint) as n_without_baseline,
        cast(sum(stratum.n_completer) as bigint) as n_completer,
        cast(sum(stratum.n_noncompleter) as bigint) as n_noncompleter,
        sum(stratum.completer_sum) as completer_sum,
        sum(stratum.completer_sum2) as completer_sum2,
        sum(stratum.noncompleter_sum) as noncompleter_sum,
        sum(stratum.noncompleter_sum2) as noncompleter_sum2
    from staging.attrition_count as stratum
    join staging.outcome_cell as cell on cell.stratum_no = stratum.stratum_no
    group by all
),

-- The numerator of a variance is a whole number: it cannot turn negative by rounding.
described as (
    select
        *,
        cast(completer_sum as double) / nullif(n_completer, 0) / 1e9 as completer_mean,
        cast(noncompleter_sum as double) / nullif(n_noncompleter, 0) / 1e9 as noncompleter_mean,
        cast(n_completer * completer_sum2 - completer_sum * completer_sum as double)
            / case when n_completer > 1 then 1e18 * n_completer * (n_completer - 1) end
            as completer_variance,
        cast(n_noncompleter * noncompleter_sum2 - noncompleter_sum * noncompleter_sum as double)
            / case when n_noncompleter > 1 then 1e18 * n_noncompleter * (n_noncompleter - 1) end
            as noncompleter_variance
    from counted
)

select
    cell.level, cell.condition, cell.duration_band,
    cell.modality, cell.arm, cell.setting, cell.clinic_id,
    cell.instrument, cell.version, cell.score_id, cell.visit,
    cell.n_due, cell.n_without_baseline, cell.n_completer, cell.n_noncompleter,
    cell.completer_mean as completer_baseline_mean,
    sqrt(cell.completer_variance) as completer_baseline_sd,
    cell.noncompleter_mean as noncompleter_baseline_mean,
    sqrt(cell.noncompleter_variance) as noncompleter_baseline_sd,
    cell.completer_mean - cell.noncompleter_mean as baseline_difference,
    (cell.completer_mean - cell.noncompleter_mean)
        / nullif(sqrt((cell.completer_variance + cell.noncompleter_variance) / 2), 0) as baseline_smd,
    false as suppressed,
    cast(null as varchar) as suppression_reason,
    run.release_id,
    coalesce(clinic.as_of_date, run.as_of_date) as as_of_date
from described as cell
left join ref.clinic as clinic on clinic.clinic_id = cell.clinic_id
cross join ref.run as run
