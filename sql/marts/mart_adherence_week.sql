-- One row per cell x programme week: how many of all whose week has matured did what was due in it.
-- Whoever stopped or left stays in the denominator: a mean over those still logging would rise as
-- people go.
-- key: level, condition, duration_band, modality, arm, setting, clinic_id, programme_week
-- columns:
--   level                condition, group (of conditions) or all
--   condition            condition, its group, or all
--   duration_band        band of the prescribed duration, or all
--   modality             modality, or all: not split by it
--   arm                  pathway or trial arm, or all: not split by it
--   setting              setting, or all: not split by it
--   clinic_id            clinic, or all: not split by it
--   programme_week       1 = days 1 to 7
--   n_begun              enrolments whose week has begun
--   n_at_risk            enrolments whose week has matured with something due: the denominator
--   n_running            left out: the week is not over
--   n_excused            left out: the week was wholly paused
--   n_not_observed       left out: the clinic's logs have a hole
--   n_not_due            left out: no frequency was prescribed
--   n_withdrawn          of n_at_risk: left before the week
--   n_active             of n_at_risk: did anything
--   n_meeting_week       of n_at_risk: did at least the sessions due
--   pct_meeting_week     in percent of n_at_risk
--   pct_meeting_week_ci_lo  lower 95 percent limit (Wilson)
--   pct_meeting_week_ci_hi  upper 95 percent limit (Wilson)
--   mean_sessions        counted sessions per enrolment at risk
--   mean_due             sessions due per enrolment at risk
--   adherence_capped_mean  mean over enrolments of sessions, at most those due, over those due, 0-1
--   adherence_pooled     sessions, at most those due, over those due, summed over enrolments, 0-1
--   suppressed           whether figures are hidden; false here, decided by the disclosure step
--   suppression_reason   why; NULL here
--   release_id           release
--   as_of_date           as-of date of the clinic; of the latest clinic where clinic_id is all
with
z as (
    select value as z, value * value as z2 from ref.policy where key = 'interval.z95'
),

cell_week as (
    select
        cell.level, cell.condition, cell.duration_band,
        cell.modality, cell.arm, cell.setting, cell.clinic_id,
        week.programme_week,
        cast(sum(week.n_begun) as bigint) as n_begun,
        cast(sum(week.n_at_risk) as bigint) as n_at_risk,
        cast(sum(week.n_running) as bigint) as n_running,
        cast(sum(week.n_excused) as bigint) as n_excused,
        cast(sum(week.n_not_observed) as bigint) as n_not_observed,
        cast(sum(week.n_not_due) as bigint) as n_not_due,
        cast(sum(week.n_withdrawn) as bigint) as n_withdrawn,
        cast(sum(week.n_active) as bigint) as n_active,
        cast(sum(week.n_meeting_week) as bigint) as n_meeting_week,
        cast(sum(week.sessions_sum) as double) as sessions_sum,
        cast(sum(week.due_sum) as double) as due_sum,
        cast(sum(week.capped_sum) as double) as capped_sum,
        cast(sum(week.adherence_sum) as double) as adherence_sum
    from staging.adherence_week_count as week
    join staging.adherence_cell as cell on cell.stratum_no = week.stratum_no
    where cell.is_judged
    group by all
),

spread as (
    select
        *,
        nullif(n_at_risk, 0) as n,
        z * sqrt(z2 + 4.0 * n_meeting_week * (n_at_risk - n_meeting_week) / n) as half_width
    from cell_week
    cross join z
)

select
    week.level, week.condition, week.duration_band,
    week.modality, week.arm, week.setting, week.clinic_id,
    week.programme_week,
    week.n_begun, week.n_at_risk, week.n_running, week.n_excused, week.n_not_observed, week.n_not_due,
    week.n_withdrawn, week.n_active, week.n_meeting_week,
    100.0 * week.n_meeting_week / week.n as pct_meeting_week,
    case when week.n > 0
        then 100 * greatest((2 * week.n_meeting_week + week.z2 - week.half_width) / (2 * (week.n + week.z2)), 0.0)
    end as pct_meeting_week_ci_lo,
    case when week.n > 0
        then 100 * least((2 * week.n_meeting_week + week.z2 + week.half_width) / (2 * (week.n + week.z2)), 1.0)
    end as pct_meeting_week_ci_hi,
    week.sessions_sum / week.n as mean_sessions,
    week.due_sum / week.n as mean_due,
    week.adherence_sum / week.n as adherence_capped_mean,
    week.capped_sum / nullif(week.due_sum, 0) as adherence_pooled,
    false as suppressed,
    cast(null as varchar) as suppression_reason,
    run.release_id,
    coalesce(clinic.as_of_date, run.as_of_date) as as_of_date
from spread as week
left join ref.clinic as clinic on clinic.clinic_id = week.clinic_id
cross join ref.run as run
