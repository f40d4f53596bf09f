-- One row per cell: the curve from the prescription read at the end of weeks 1, 2, 4, 8 and 12, and
-- its median. Beyond the last observation a curve says nothing, unless it has reached zero.
-- key: cell_no
-- columns:
--   cell_no                 cell
--   n_persistence           enrolments on the curve
--   persist_w1              share persistent through week 1; NULL: nobody is followed so long
--   persist_w1_ci_lo        lower 95 percent limit
--   persist_w1_ci_hi        upper 95 percent limit
--   persist_w1_n_at_risk    enrolments at risk on day 7
--   persist_w2              share persistent through week 2; NULL: nobody is followed so long
--   persist_w2_ci_lo        lower 95 percent limit
--   persist_w2_ci_hi        upper 95 percent limit
--   persist_w2_n_at_risk    enrolments at risk on day 14
--   persist_w4              share persistent through week 4; NULL: nobody is followed so long
--   persist_w4_ci_lo        lower 95 percent limit
--   persist_w4_ci_hi        upper 95 percent limit
--   persist_w4_n_at_risk    enrolments at risk on day 28
--   persist_w8              share persistent through week 8; NULL: nobody is followed so long
--   persist_w8_ci_lo        lower 95 percent limit
--   persist_w8_ci_hi        upper 95 percent limit
--   persist_w8_n_at_risk    enrolments at risk on day 56
--   persist_w12             share persistent through week 12; NULL: nobody is followed so long
--   persist_w12_ci_lo       lower 95 percent limit
--   persist_w12_ci_hi       upper 95 percent limit
--   persist_w12_n_at_risk   enrolments at risk on day 84
--   median_persistence_days  first day on which half or fewer are persistent; NULL: not reached
with
curve as (
    select * from staging.persistence_curve where curve = 'from_prescription'
),

week_end as (
    select unnest([1, 2, 4, 8, 12]) as week
),

reading as (
    select
        curve.cell_no,
        week_end.week,
        max(curve.n_at_start) as n_at_start,
        coalesce(sum(curve.n_left) filter (where curve.day >= 7 * week_end.week), 0) as n_at_risk,
        max(curve.day) filter (where curve.day <= 7 * week_end.week) as last_day
    from curve
    cross join week_end
    group by curve.cell_no, week_end.week
),

known as (
    select
        reading.cell_no,
        reading.week,
        reading.n_at_start,
        cast(reading.n_at_risk as bigint) as n_at_risk,
        coalesce(curve.persistence, 1.0) as persistence_so_far,
        case when reading.n_at_risk > 0 or persistence_so_far = 0 then persistence_so_far end as persistence,
        case when reading.n_at_risk > 0 then curve.persistence_ci_lo end as ci_lo,
        case when reading.n_at_risk > 0 then curve.persistence_ci_hi end as ci_hi
    from reading
    left join curve on curve.cell_no = reading.cell_no and curve.day = reading.last_day
),

-- Half is half in spite of the last bit of a logarithm.
median as (
    select cell_no, min(day) as median_persistence_days
    from curve
    where persistence <= 0.5 + 1e-12
    group by cell_no
)

select
    known.cell_no,
    max(known.n_at_start) as n_persistence,
    max(known.persistence) filter (where known.week = 1) as persist_w1,
    max(known.ci_lo) filter (where known.week = 1) as persist_w1_ci_lo,
    max(known.ci_hi) filter (where known.week = 1) as persist_w1_ci_hi,
    max(known.n_at_risk) filter (where known.week = 1) as persist_w1_n_at_risk,
    max(known.persistence) filter (where known.week = 2) as persist_w2,
    max(known.ci_lo) filter (where known.week = 2) as persist_w2_ci_lo,
    max(known.ci_hi) filter (where known.week = 2) as persist_w2_ci_hi,
    max(known.n_at_risk) filter (where known.week = 2) as persist_w2_n_at_risk,
    max(known.persistence) filter (where known.week = 4) as persist_w4,
    max(known.ci_lo) filter (where known.week = 4) as persist_w4_ci_lo,
    max(known.ci_hi) filter (where known.week = 4) as persist_w4_ci_hi,
    max(known.n_at_risk) filter (where known.week = 4) as persist_w4_n_at_risk,
    max(known.persistence) filter (where known.week = 8) as persist_w8,
    max(known.ci_lo) filter (where known.week = 8) as persist_w8_ci_lo,
    max(known.ci_hi) filter (where known.week = 8) as persist_w8_ci_hi,
    max(known.n_at_risk) filter (where known.week = 8) as persist_w8_n_at_risk,
    max(known.persistence) filter (where known.week = 12) as persist_w12,
    max(known.ci_lo) filter (where known.week = 12) as persist_w12_ci_lo,
    max(known.ci_hi) filter (where known.week = 12) as persist_w12_ci_hi,
    max(known.n_at_risk) filter (where known.week = 12) as persist_w12_n_at_risk,
    max(median.median_persistence_days) as median_persistence_days
from known
left join median on median.cell_no = known.cell_no
group by known.cell_no
