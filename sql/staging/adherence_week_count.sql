-- One row per stratum x programme week: weeks by their state, and what was done in the matured
-- ones.
-- key: stratum_no, programme_week
-- columns:
--   stratum_no      stratum
--   programme_week  1 = days 1 to 7
--   n_begun         enrolments whose week has begun
--   n_at_risk       enrolments whose week has matured and had something due
--   n_meeting_week  of those, did at least what was due
--   n_active        of those, with an active session
--   n_running       week not over
--   n_excused       week wholly paused
--   n_not_observed  week inside a hole of the clinic's logs
--   n_not_due       week over, without a prescribed frequency
--   n_withdrawn     of n_at_risk: left before the week
--   sessions_sum    counted sessions of the n_at_risk
--   due_sum         sessions due of the n_at_risk
--   capped_sum      counted sessions of the n_at_risk, at most those due
--   adherence_sum   sum over the n_at_risk of sessions, at most those due, over those due
with
week as (
    select
        *,
        is_matured and is_met is not null as is_at_risk,
        cast(sessions_capped as double) / nullif(cast(due as double), 0) as adherence
    from facts.fct_enrolment_week
)

select
    member.stratum_no,
    week.programme_week,
    count(*) as n_begun,
    count(*) filter (where is_at_risk) as n_at_risk,
    count(*) filter (where is_at_risk and is_met) as n_meeting_week,
    count(*) filter (where is_at_risk and active_days > 0) as n_active,
    count(*) filter (where elapsed_days < 7) as n_running,
    count(*) filter (where elapsed_days = 7 and state = 'excused') as n_excused,
    count(*) filter (where state = 'not_observed') as n_not_observed,
    count(*) filter (where is_matured and is_met is null) as n_not_due,
    count(*) filter (where is_at_risk and state = 'withdrawn') as n_withdrawn,
    coalesce(sum(sessions) filter (where is_at_risk), 0) as sessions_sum,
    coalesce(sum(due) filter (where is_at_risk), 0) as due_sum,
    coalesce(sum(sessions_capped) filter (where is_at_risk), 0) as capped_sum,
    coalesce(sum(cast(adherence as decimal(18, 12))) filter (where is_at_risk), 0) as adherence_sum
from week
join staging.adherence_member as member on member.enrolment_no = week.enrolment_no
group by member.stratum_no, week.programme_week
