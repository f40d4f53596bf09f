-- One row per session x score with a questionnaire before and after it.
-- After: completed from the end of the session up to `acute.post_hours` later, each form for the last session
-- that had ended, and of several the one nearest to `acute.post_target_minutes` after the end. Before: the last
-- one within `acute.pre_hours` before the start. Forms say by session_phase which they are; for a single
-- session, whose outcome is the acute change, forms without a phase serve too: its baseline before it.
-- key: file_no, line, score_no
-- columns:
--   file_no       landed session file
--   line          line of the session in its export
--   enrolment_no  enrolment
--   score_no      score of a questionnaire (staging.outcome_score)
--   pre           score before the session
--   post          score after it
--   direction     higher_worse or higher_better
with policy as (
    select
        max(value) filter (where key = 'acute.pre_hours')::bigint as pre_hours,
        max(value) filter (where key = 'acute.post_hours')::bigint as post_hours,
        max(value) filter (where key = 'acute.post_target_minutes')::bigint as target_minutes,
    from ref.policy
),
-- Most clinics have neither: looked up first, so that nothing else is read for them.
concerned as (
    select m.response_no, m.enrolment_no, m.ady, true as is_of_single,
    from staging.response_match as m
    join staging.outcome_stratum as s on s.enrolment_no = m.enrolment_no and s.plan_weeks = 0
    join staging.response as r on r.response_no = m.response_no and r.session_phase is null
    union all
    select m.response_no, m.enrolment_no, m.ady, false as is_of_single,
    from staging.response_match as m
    join staging.response as r on r.response_no = m.response_no and r.session_phase is not null
),
scored as (
    select
        m.enrolment_no, m.response_no, m.ady, r.session_phase, r.completed_at,
        o.score_no, s.value, o.direction, m.is_of_single,
    from concerned as m
    join staging.response as r on r.response_no = m.response_no
    join facts.fct_score_figure as s on s.response_no = r.response_no
    join staging.score_rule as k on k.rule_no = s.rule_no
    join staging.outcome_score as o
        on o.instrument = k.instrument and o.version = k.version and o.score_id = k.score_id
    where r.completed_at is not null and m.ady is not null and s.value is not null
        and coalesce(r.status, 'completed') in ('completed', 'amended')
),
after_form as (
    select * from scored where session_phase = 'post' or (is_of_single and ady > 0)
),
before_form as (
    select s.*
    from scored as s
    left join staging.outcome_choice as c
        on c.response_no = s.response_no and c.enrolment_no = s.enrolment_no
        and c.score_no = s.score_no and c.visit_no = 0
    where s.session_phase = 'pre' or (s.is_of_single and c.reason_not_selected is null and c.visit_no is not null)
),
-- By line, so that of ten million sessions only those next to a form have their instants looked up.
near as (
    select distinct l.enrolment_no, l.file_no, l.line
    from facts.fct_session_log as l
    join (select distinct enrolment_no, ady from after_form) as f
        on f.enrolment_no = l.enrolment_no and l.ady between f.ady - 2 and f.ady + 1
    where l.is_active
),
session as (
    select
        n.enrolment_no, n.file_no, n.line, s.started_at,
        coalesce(s.ended_at, s.started_at + to_seconds(60 * coalesce(s.minutes, 0))) as ended_at,
    from staging.session as s
    join near as n on n.file_no = s.file_no and n.line = s.line
    where s.started_at is not null
),
placed_after as (
    select f.*, s.file_no, s.line, s.started_at, s.ended_at,
    from after_form as f
    join session as s on s.enrolment_no = f.enrolment_no and s.ended_at <= f.completed_at
    cross join policy as p
    where f.completed_at <= s.ended_at + to_hours(p.post_hours)
    qualify row_number() over (
        partition by f.response_no, f.enrolment_no, f.score_no
        order by s.ended_at desc, s.file_no desc, s.line desc
    ) = 1
),
after_session as (
    select a.*
    from placed_after as a
    cross join policy as p
    qualify row_number() over (
        partition by a.file_no, a.line, a.score_no
        order by
            abs(epoch_us(a.completed_at) - epoch_us(a.ended_at + to_minutes(p.target_minutes))),
            a.completed_at desc, a.response_no desc
    ) = 1
)
select
    a.file_no, a.line, a.enrolment_no, a.score_no,
    b.value as pre, a.value as post, a.direction,
from after_session as a
cross join policy as p
join before_form as b
    on b.enrolment_no = a.enrolment_no and b.score_no = a.score_no and b.completed_at <= a.started_at
where b.is_of_single or b.completed_at >= a.started_at - to_hours(p.pre_hours)
qualify row_number() over (
    partition by a.file_no, a.line, a.score_no
    order by b.completed_at desc, b.response_no desc
) = 1
