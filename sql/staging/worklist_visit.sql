-- One row per enrolment x questionnaire x visit whose window is open at the as-of day and not answered
-- yet. What is expected is what makes a visit due (staging.outcome_due), only before the window has
-- closed. A baseline is asked for ahead of the start too, and no longer once a session was done.
-- key: enrolment_no, instrument, version, visit
-- columns:
--   enrolment_no  internal number of the enrolment
--   instrument    questionnaire
--   version       its version
--   visit         analysis visit
--   study_day     study day of the as-of date (start date = 1, the day before = -1)
--   from_day      first study day of the window
--   target_day    study day aimed at
--   last_day      last study day of the window
with
-- One look at all candidates; which questionnaires a clinic uses, and at which visits, is read from the few rows that are left.
use_of_visit as materialized (
    select
        enrolment.clinic_id,
        enrolment.condition,
        score.instrument,
        score.version,
        visit.visit,
        count(*) filter (where candidate.reason_not_selected is null) as n_selected
    from staging.outcome_choice as candidate
    join staging.outcome_score as score on score.score_no = candidate.score_no
    left join staging.outcome_visit as visit on visit.visit_no = candidate.visit_no
    join facts.fct_enrolment as enrolment on enrolment.enrolment_no = candidate.enrolment_no
    group by all
),

instrument_in_use as (
    select distinct clinic_id, condition, instrument, version from use_of_visit
),

visit_in_use as (
    select distinct clinic_id, instrument, version, visit from use_of_visit where n_selected > 0
),

rule as (
    select
        instrument,
        version,
        bool_and(has_long_recall) as has_long_recall,
        bool_and(is_change_score) as is_change_score
    from staging.outcome_score
    group by instrument, version
),

visit_window as (
    select enrolment_no, visit, awlo, awtarget, awhi
    from staging.outcome_window
    union all
    -- Staging.outcome_window begins with the start: whoever is to start soon has a baseline only.
    select plan.enrolment_no, baseline.visit, baseline.awlo, baseline.awtarget, baseline.awhi
    from staging.adherence_plan as plan
    join ref.window as baseline on baseline.visit = 'BASELINE' and plan.as_of_day < 1
),

open_window as materialized (
    select
        visit_window.*,
        plan.clinic_id,
        enrolment.condition,
        enrolment.duration_band,
        plan.as_of_day - case when plan.as_of_day < 1 then 1 else 0 end as study_day
    from visit_window
    join staging.adherence_plan as plan on plan.enrolment_no = visit_window.enrolment_no
    join facts.fct_enrolment as enrolment on enrolment.enrolment_no = visit_window.enrolment_no
    join facts.fct_adherence_figure as adherence on adherence.enrolment_no = visit_window.enrolment_no
    where study_day between visit_window.awlo and visit_window.awhi
        and plan.competing_day is null
        and not (visit_window.visit = 'BASELINE' and adherence.first_active_day is not null)
),

answered as (
    select candidate.enrolment_no, score.instrument, score.version, visit.visit
    from staging.outcome_choice as candidate
    join staging.outcome_score as score on score.score_no = candidate.score_no
    join staging.outcome_visit as visit on visit.visit_no = candidate.visit_no
    where coalesce(candidate.reason_not_selected, 'other_serves') = 'other_serves'
        and candidate.enrolment_no in (select enrolment_no from open_window)
    union all
    select plan.enrolment_no, response.instrument, response.version, 'BASELINE'
    from staging.response as response
    join staging.adherence_plan as plan
        on plan.participant_key = response.participant_key and plan.as_of_day < 1
    join ref.window as baseline on baseline.visit = 'BASELINE'
    where response.local_date between plan.start_date + baseline.awlo and plan.as_of_date
)

select
    open_window.enrolment_no,
    asked.instrument,
    asked.version,
    open_window.visit,
    cast(open_window.study_day as integer) as study_day,
    open_window.awlo as from_day,
    open_window.awtarget as target_day,
    open_window.awhi as last_day
from open_window
join instrument_in_use as asked
    on asked.clinic_id = open_window.clinic_id and asked.condition = open_window.condition
left join rule on rule.instrument = asked.instrument and rule.version = asked.version
left join visit_in_use
    on visit_in_use.clinic_id = open_window.clinic_id and visit_in_use.instrument = asked.instrument
    and visit_in_use.version = asked.version and visit_in_use.visit = open_window.visit
anti join answered
    on answered.enrolment_no = open_window.enrolment_no and answered.instrument = asked.instrument
    and answered.version = asked.version and answered.visit = open_window.visit
where (open_window.visit in ('BASELINE', 'EOP', 'FU1W') or visit_in_use.visit is not null)
    and not (open_window.visit = 'BASELINE' and coalesce(rule.is_change_score, false))
    and not (open_window.visit = 'EOP' and coalesce(rule.has_long_recall, false)
        and open_window.duration_band = 'w1_3')
