-- One row per enrolment x score x visit that is due at the as-of date, answered or not.
-- The honest denominator: a score that a clinic uses for a condition is due for all its enrolments of
-- that condition. Baseline and end (EOP, FU1W) are always due once their window has closed, any other
-- visit if the clinic uses it for that score. A visit known by label only, which no window of the plan
-- covers, is due for everyone enrolled in that clinic and duration band.
-- key: enrolment_no, score_no, visit_no
-- columns:
--   enrolment_no  enrolment
--   score_no      score of a questionnaire (staging.outcome_score)
--   visit_no      analysis visit (staging.outcome_visit)
with answered as (
    select
        s.stratum_no, c.score_no, c.visit_no, c.is_by_label,
        bool_or(c.reason_not_selected is null) as is_served,
    from staging.outcome_choice as c
    join staging.outcome_stratum as s on s.enrolment_no = c.enrolment_no
    group by s.stratum_no, c.score_no, c.visit_no, c.is_by_label
),
score_in_use as (
    select distinct n.clinic_id, n.condition, a.score_no,
    from answered as a
    join staging.outcome_stratum_name as n on n.stratum_no = a.stratum_no
),
visit_in_use as (
    select distinct n.clinic_id, n.duration_band, a.score_no, a.visit_no, a.is_by_label,
    from answered as a
    join staging.outcome_stratum_name as n on n.stratum_no = a.stratum_no
    where a.is_served
),
-- What is due is the same for all of a stratum with plans of one length, so it is found out once for them.
plan as (
    select distinct stratum_no, plan_weeks from staging.outcome_stratum
),
expected as (
    select
        p.stratum_no, p.plan_weeks, n.clinic_id, n.duration_band, o.score_no, o.is_change_score,
        o.has_long_recall and n.duration_band = 'w1_3' as is_end_too_early,
    from plan as p
    join staging.outcome_stratum_name as n on n.stratum_no = p.stratum_no
    join score_in_use as u on u.clinic_id = n.clinic_id and u.condition = n.condition
    join staging.outcome_score as o on o.score_no = u.score_no
),
by_window as (
    select x.stratum_no, x.plan_weeks, x.score_no, w.visit_no, w.awhi,
    from expected as x
    join staging.plan_window as w on w.plan_weeks = x.plan_weeks
    join staging.outcome_visit as v on v.visit_no = w.visit_no
    where not (v.visit = 'BASELINE' and x.is_change_score)
        and not (v.visit = 'EOP' and x.is_end_too_early)
        and (
            v.visit in ('BASELINE', 'EOP', 'FU1W')
            or exists (
                select 1 from visit_in_use as u
                where u.clinic_id = x.clinic_id and u.visit_no = w.visit_no
                    and u.score_no = x.score_no
            )
        )
),
by_label as (
    select x.stratum_no, x.plan_weeks, x.score_no, u.visit_no, null as awhi,
    from expected as x
    join visit_in_use as u
        on u.clinic_id = x.clinic_id and u.duration_band = x.duration_band
        and u.score_no = x.score_no
    join staging.outcome_visit as v on v.visit_no = u.visit_no
    left join staging.plan_window as w on w.plan_weeks = x.plan_weeks and w.visit_no = u.visit_no
    where u.is_by_label
        and w.visit_no is null
        and v.visit not in (select visit from ref.window)
        and not (v.visit = 'EOP' and x.is_end_too_early)
),
listed as (
    select stratum_no, plan_weeks, score_no, visit_no, awhi from by_window
    union all
    select stratum_no, plan_weeks, score_no, visit_no, awhi from by_label
)
select s.enrolment_no, l.score_no, l.visit_no,
from staging.outcome_stratum as s
join listed as l on l.stratum_no = s.stratum_no and l.plan_weeks = s.plan_weeks
-- Without a start date, or without a window, nothing is waited for.
where coalesce(s.elapsed >= l.awhi, true)
