-- One row per cell: rates and means, each from the counts and sums of staging.adherence_cell_count.
-- Intervals are Wilson's. A zero denominator gives NULL.
-- key: cell_no
-- columns:
--   cell_no                   cell
--   pct_initiated             n_initiated in percent of n_initiation_evaluable
--   pct_initiated_ci_lo       lower 95 percent limit
--   pct_initiated_ci_hi       upper 95 percent limit
--   pct_adherent80            n_adherent80 in percent of n_evaluable
--   pct_adherent80_ci_lo      lower 95 percent limit
--   pct_adherent80_ci_hi      upper 95 percent limit
--   pct_final_adherent80      n_final_adherent80 in percent of n_final_evaluable
--   pct_final_adherent80_ci_lo  lower 95 percent limit
--   pct_final_adherent80_ci_hi  upper 95 percent limit
--   adherence_capped_mean     mean over enrolments
--   minutes_adherence_mean    mean over enrolments
--   adherence_pooled          sessions_capped_sum / sessions_expected_sum
--   over_adherent_pct         weeks with more than the sessions due, in percent of matured weeks
--   pct_recalled_logs         logs from memory, in percent of those of which it is known
--   sessions_reported_mean    mean of the totals that the sources counted
with
share as (
    select cell_no, 'initiated' as share, n_initiated as x, n_initiation_evaluable as n
    from staging.adherence_cell_count
    union all
    select cell_no, 'adherent80', n_adherent80, n_evaluable
    from staging.adherence_cell_count
    union all
    select cell_no, 'final_adherent80', n_final_adherent80, n_final_evaluable
    from staging.adherence_cell_count
),

z as (
    select value as z, value * value as z2 from ref.policy where key = 'interval.z95'
),

-- Clipped because rounding may leave the range at 0 and at n; without a denominator there is no row.
wilson as (
    select
        cell_no,
        share,
        100.0 * x / n as pct,
        z * sqrt(z2 + 4.0 * x * (n - x) / n) as half_width,
        100 * greatest((2 * x + z2 - half_width) / (2 * (n + z2)), 0.0) as lo,
        100 * least((2 * x + z2 + half_width) / (2 * (n + z2)), 1.0) as hi
    from share
    cross join z
    where n > 0
),

wide as (
    select
        cell_no,
        max(pct) filter (where share = 'initiated') as pct_initiated,
        max(lo) filter (where share = 'initiated') as pct_initiated_ci_lo,
        max(hi) filter (where share = 'initiated') as pct_initiated_ci_hi,
        max(pct) filter (where share = 'adherent80') as pct_adherent80,
        max(lo) filter (where share = 'adherent80') as pct_adherent80_ci_lo,
        max(hi) filter (where share = 'adherent80') as pct_adherent80_ci_hi,
        max(pct) filter (where share = 'final_adherent80') as pct_final_adherent80,
        max(lo) filter (where share = 'final_adherent80') as pct_final_adherent80_ci_lo,
        max(hi) filter (where share = 'final_adherent80') as pct_final_adherent80_ci_hi
    from wilson
    group by cell_no
)

select
    counted.cell_no,
    wide.pct_initiated, wide.pct_initiated_ci_lo, wide.pct_initiated_ci_hi,
    wide.pct_adherent80, wide.pct_adherent80_ci_lo, wide.pct_adherent80_ci_hi,
    wide.pct_final_adherent80, wide.pct_final_adherent80_ci_lo, wide.pct_final_adherent80_ci_hi,
    cast(counted.adherence_sum as double) / nullif(counted.n_evaluable, 0) as adherence_capped_mean,
    cast(counted.minutes_adherence_sum as double) / nullif(counted.n_minutes_evaluable, 0)
        as minutes_adherence_mean,
    cast(counted.sessions_capped_sum as double) / nullif(cast(counted.sessions_expected_sum as double), 0)
        as adherence_pooled,
    100.0 * counted.weeks_over_adherent_sum / nullif(counted.weeks_matured_sum, 0) as over_adherent_pct,
    100.0 * counted.logs_recalled_sum / nullif(counted.logs_recall_known_sum, 0) as pct_recalled_logs,
    cast(counted.sessions_reported_sum as double) / nullif(counted.n_sessions_reported, 0)
        as sessions_reported_mean
from staging.adherence_cell_count as counted
left join wide on wide.cell_no = counted.cell_no
