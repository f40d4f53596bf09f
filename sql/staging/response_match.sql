-- One row per survey response x enrolment that it may speak for, with its study day or its label.
-- Dates decide wherever both the response and the enrolment have them; the clinic's label counts only
-- where one is missing, and then only if the enrolment is named or the person's only one. Responses
-- after the as-of date, and enrolments that start after it, do not match. The first session is the
-- first that was done from day 1 on. On its day the instants decide; where one is unknown the
-- response is taken to come first (the usual order of a first visit).
-- key: response_no, enrolment_no
-- columns:
--   response_no              survey response
--   enrolment_no             enrolment that it may speak for
--   ady                      study day (start date = 1, the day before = -1); NULL without dates
--   visit                    visit of the clinic's label, only where ady is NULL
--   is_before_first_session  no session of day 1 came before the response; NULL where no dates tell
with enrolment as (
    select
        *,
        count(*) over (partition by clinic_id, participant_key) as n_enrolments,
    from staging.enrolment
    where start_date is null or start_date <= as_of_date
),
matched as (
    select
        r.response_no, r.clinic_id, r.participant_key, r.local_date, r.completed_at, r.visit,
        e.enrolment_no, e.enrolment_id, e.start_date,
        r.enrolment_id is not null or e.n_enrolments = 1 as is_certain,
        case
            when r.local_date >= e.start_date then date_diff('day', e.start_date, r.local_date) + 1
            else date_diff('day', e.start_date, r.local_date)
        end as ady,
    from staging.response as r
    join enrolment as e
        on e.clinic_id = r.clinic_id and e.participant_key = r.participant_key
    where (r.enrolment_id is null or r.enrolment_id = e.enrolment_id)
        and (r.local_date is null or r.local_date <= e.as_of_date)
),
placed as (
    select * from matched where ady is not null or (visit is not null and is_certain)
),
-- A session before day 1 is practice, not the programme: only day 1 can overtake a baseline.
first_day as (
    select distinct enrolment_no
    from facts.fct_session_log
    where ady = 1 and (status = 'completed' or (status = 'partial' and minutes > 0))
),
-- Only here is the study day not enough: around day 1 (a form and a session may lie in different zones), or a
-- labelled baseline without a calendar.
in_question as (
    select *
    from placed
    where (completed_at is not null and ady between -1 and 1)
        or (start_date is null and visit = 'BASELINE' and local_date is not null)
),
-- By line, so that of ten million sessions only these few have their instant looked up.
candidate as (
    select l.file_no, l.line, q.response_no, q.enrolment_no, q.ady, q.local_date, q.completed_at
    from facts.fct_session_log as l
    join in_question as q on q.enrolment_no = l.enrolment_no and (q.ady is null or l.ady between 1 and 2)
    where l.status = 'completed' or (l.status = 'partial' and l.minutes > 0)
),
overtaken as (
    select distinct c.response_no, c.enrolment_no
    from staging.session as s
    join candidate as c on c.file_no = s.file_no and c.line = s.line
    where s.started_at < c.completed_at or (c.ady is null and s.local_date < c.local_date)
)
select
    p.response_no::integer as response_no,
    p.enrolment_no::integer as enrolment_no,
    p.ady::integer as ady,
    case when p.ady is null then p.visit end as visit,
    case
        when p.local_date is null then null
        when o.response_no is not null then false
        when p.ady > 1 then f.enrolment_no is null
        else true
    end as is_before_first_session,
from placed as p
left join first_day as f on f.enrolment_no = p.enrolment_no
left join overtaken as o on o.response_no = p.response_no and o.enrolment_no = p.enrolment_no
