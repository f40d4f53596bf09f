-- One row per survey response x enrolment that it may speak for, with its study day or its label.
-- Dates decide wherever both the response and the enrolment have them; the clinic's label counts only
-- where one is missing, and then only if the enrolment is named or the person's only one. Responses
-- after the as-of date, and enrolments that start after it, do not match. The first session is the
-- first that was done, even before day 1. On its day the instants decide; where one is unknown the
-- response is taken to come first (the usual order of a first visit).
-- key: response_no, enrolment_no
-- columns:
--   response_no              survey response
--   enrolment_no             enrolment that it may speak for
--   ady                      study day (start date = 1, the day before = -1); NULL without dates
--   visit                    visit of the clinic's label, only where ady is NULL
--   is_before_first_session  no session took place before the response; NULL where no dates tell
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
-- Later sessions cannot spoil a baseline, so the aggregate never looks beyond the baseline window.
first_session as (
    select enrolment_no, min(ady) as ady
    from facts.fct_session
    where (status = 'completed' or (status = 'partial' and minutes > 0))
        and ady <= (select awhi from ref.window where visit = 'BASELINE')
    group by enrolment_no
),
-- Only here is the study day not enough: the same day, or a labelled baseline without a calendar.
in_question as (
    select p.*
    from placed as p
    left join first_session as f on f.enrolment_no = p.enrolment_no
    where p.ady = f.ady
        or (p.start_date is null and p.visit = 'BASELINE' and p.local_date is not null)
),
overtaken as (
    select distinct q.response_no, q.enrolment_no
    from staging.session as s
    join in_question as q
        on q.clinic_id = s.clinic_id and q.participant_key = s.participant_key
    where (s.status = 'completed' or (s.status = 'partial' and s.minutes > 0))
        and (s.enrolment_id is null or q.enrolment_id is null or s.enrolment_id = q.enrolment_id)
        and (
            (s.local_date = q.local_date and s.started_at < q.completed_at)
            or (q.ady is null and s.local_date < q.local_date)
        )
)
select
    p.response_no::integer as response_no,
    p.enrolment_no::integer as enrolment_no,
    p.ady::integer as ady,
    case when p.ady is null then p.visit end as visit,
    case
        when p.local_date is null then null
        when o.response_no is not null then false
        else coalesce(p.ady <= f.ady, true)
    end as is_before_first_session,
from placed as p
left join first_session as f on f.enrolment_no = p.enrolment_no
left join overtaken as o on o.response_no = p.response_no and o.enrolment_no = p.enrolment_no
