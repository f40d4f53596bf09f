-- One row per enrolment x day of an assessment at the end of programme: what had been done before that day.
-- A landmark: sessions of the day itself may have followed the questionnaire, and whatever came later cannot
-- have been asked about. Whole weeks are taken from their sums, only the days after the last whole week from
-- the log. Outside of the programme nothing counts, as everywhere.
-- key: enrolment_no, ady
-- columns:
--   enrolment_no       enrolment
--   ady                study day of the assessment
--   dose_ms            minutes of the active sessions before that day, in milliseconds
--   n_minutes_missing  active sessions before that day without a length
--   due                sessions due in matured weeks that were over before that day; NULL: none, or no frequency
--   sessions_capped    counted sessions in those weeks, at most those due in each
with primary_visit as (
    select v.visit_no,
    from ref.policy as p
    join staging.outcome_visit as v on v.visit = p.text
    where p.key = 'outcome.primary_visit'
),
landmark as materialized (
    select distinct o.enrolment_no, o.ady, (o.ady - 1) // 7 as whole_weeks,
    from facts.fct_outcome_figure as o
    join primary_visit as p on p.visit_no = o.visit_no
    where o.improve is not null and o.ady > 0
),
of_weeks as (
    select
        l.enrolment_no, l.ady,
        sum(w.minutes_ms) as dose_ms, sum(w.sessions_minutes_missing) as n_minutes_missing,
    from landmark as l
    join staging.adherence_session_week as w
        on w.enrolment_no = l.enrolment_no and w.programme_week <= l.whole_weeks
    group by l.enrolment_no, l.ady
),
of_days as (
    select
        l.enrolment_no, l.ady,
        sum(cast(round(s.minutes * 60000) as bigint)) as dose_ms,
        count(*) filter (where s.minutes is null) as n_minutes_missing,
    from facts.fct_session_log as s
    join landmark as l
        on l.enrolment_no = s.enrolment_no and s.ady > 7 * l.whole_weeks and s.ady < l.ady
    -- Where the weeks before are whole, as at the day aimed at, there are no such days to look for.
    where s.is_active and l.ady > 7 * l.whole_weeks + 1
    group by l.enrolment_no, l.ady
),
adherence as (
    select
        l.enrolment_no, l.ady,
        case when count(*) = count(w.due) then sum(w.due) end as due,
        sum(w.sessions_capped) as sessions_capped,
    from landmark as l
    join facts.fct_enrolment_week as w
        on w.enrolment_no = l.enrolment_no and w.programme_week <= l.whole_weeks
    where w.is_matured
    group by l.enrolment_no, l.ady
)
select
    l.enrolment_no, l.ady,
    cast(coalesce(w.dose_ms, 0) + coalesce(d.dose_ms, 0) as bigint) as dose_ms,
    cast(coalesce(w.n_minutes_missing, 0) + coalesce(d.n_minutes_missing, 0) as bigint)
        as n_minutes_missing,
    a.due, a.sessions_capped,
from landmark as l
left join of_weeks as w on w.enrolment_no = l.enrolment_no and w.ady = l.ady
left join of_days as d on d.enrolment_no = l.enrolment_no and d.ady = l.ady
left join adherence as a on a.enrolment_no = l.enrolment_no and a.ady = l.ady
