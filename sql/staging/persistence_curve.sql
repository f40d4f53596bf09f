-- One row per cell x curve x day on which someone discontinued or was censored: Kaplan-Meier with
-- its interval. Logarithms and variances are summed as exact decimals: no order of rows moves a bit
-- of the curve.
-- key: cell_no, curve, day
-- columns:
--   cell_no            cell
--   curve              from_prescription or from_first_session
--   day                programme day; from_first_session: first active day = 1
--   n_at_start         enrolments on the curve
--   n_at_risk          enrolments still followed and persistent just before the day
--   n_event            discontinuations dated on the day
--   n_left             discontinuations and ends of follow-up on the day
--   persistence        share that is still persistent after the day
--   persistence_ci_lo  lower 95 percent limit (log-log, Greenwood); NULL at 1 and 0
--   persistence_ci_hi  upper 95 percent limit
--   is_below_cut       so few are at risk that the curve must not be drawn
with
policy as (
    select
        max(value) filter (where key = 'adherence.curve_cut_share') as cut_share,
        max(value) filter (where key = 'interval.z95') as z95
    from ref.policy
),

course as (
    select enrolment_no, 'from_prescription' as curve, km_time as day, km_event from facts.fct_adherence_figure
    union all
    select enrolment_no, 'from_first_session', km_time_from_first, km_event from facts.fct_adherence_figure
),

moment_of_stratum as (
    select member.stratum_no, course.curve, course.day, sum(km_event) as n_event, count(*) as n_left
    from course
    join staging.adherence_member as member on member.enrolment_no = course.enrolment_no
    where course.day is not null
    group by member.stratum_no, course.curve, course.day
),

moment as (
    select
        cell.cell_no,
        moment_of_stratum.curve,
        moment_of_stratum.day,
        sum(moment_of_stratum.n_event) as n_event,
        sum(moment_of_stratum.n_left) as n_left
    from moment_of_stratum
    join staging.adherence_cell as cell on cell.stratum_no = moment_of_stratum.stratum_no
    where cell.is_judged
    group by cell.cell_no, moment_of_stratum.curve, moment_of_stratum.day
),

at_risk as (
    select
        *,
        sum(n_left) over (partition by cell_no, curve) as n_at_start,
        sum(n_left) over (partition by cell_no, curve order by day desc) as n_at_risk
    from moment
),

-- With d events among n at risk: ln(1 - d/n), and d / (n (n - d)) of Greenwood.
factor as (
    select
        *,
        n_event < n_at_risk as is_left,
        case when is_left then cast(ln((n_at_risk - n_event) / n_at_risk) as decimal(38, 18)) end as ln_factor,
        case when is_left
            then cast(n_event / (n_at_risk * (n_at_risk - n_event)) as decimal(38, 24)) end as variance
    from at_risk
),

curve as (
    select
        *,
        bool_and(is_left) over step as is_any_left,
        cast(sum(ln_factor) over step as double) as ln_persistence,
        sqrt(cast(sum(variance) over step as double)) as standard_error
    from factor
    window step as (partition by cell_no, curve order by day)
),

interval_of_curve as (
    select
        curve.*,
        case when is_any_left then exp(ln_persistence) else 0.0 end as persistence,
        -- The interval on the scale of ln(-ln S); it has no meaning at 1 and at 0.
        case when is_any_left and ln_persistence < 0
            then policy.z95 * standard_error / -ln_persistence end as half_width,
        n_at_risk < policy.cut_share * n_at_start as is_below_cut
    from curve
    cross join policy
)

select
    cell_no,
    curve,
    day,
    cast(n_at_start as bigint) as n_at_start,
    cast(n_at_risk as bigint) as n_at_risk,
    cast(n_event as bigint) as n_event,
    cast(n_left as bigint) as n_left,
    persistence,
    exp(ln_persistence * exp(half_width)) as persistence_ci_lo,
    exp(ln_persistence * exp(-half_width)) as persistence_ci_hi,
    is_below_cut
from interval_of_curve
