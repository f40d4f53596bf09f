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
instrument_in_use as (
    select distinct enrolment.clinic_id, enrolment.condition, candidate.instrument, candidate.version
    from staging.outcome_candidate as candidate
    join staging.enrolment as enrolment on enrolment.enrolment_no = candidate.enrolment_no
),

visit_in_use as (
    select distinct enrolment.clinic_id, candidate.instrument, candidate.version, candidate.visit
    from staging.outcome_candidate as candidate
    join staging.enrolment as enrolment on enrolment.enrolment_no = candidate.enrolment_no
    where candidate.reason_not_selected is null
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

open_window as (
    select
        visit_window.*,
        plan.clinic_id,
        plan.participant_key,
        plan.start_date,
        plan.as_of_date,
        enrolment.condition,
        enrolment.duration_band,
        plan.as_of_day - case when plan.as_of_day < 1 then 1 else 0 end as study_day
    from visit_window
    join staging.adherence_plan as plan on plan.enrolment_no = visit_window.enrolment_no
    join facts.fct_adherence as enrolment on enrolment.enrolment_no = visit_window.enrolment_no
    where study_day between visit_window.awlo and visit_window.awhi
        and plan.competing_day is null
        and not (visit_window.visit = 'BASELINE' and enrolment.first_active_day is not null)
),

answered as (
    select distinct enrolment_no, instrument, version, visit
    from staging.outcome_candidate
    where coalesce(reason_not_selected, 'other_serves') = 'other_serves'
    union
    select distinct plan.enrolment_no, response.instrument, response.version, 'BASELINE'
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
left join answered
    on answered.enrolment_no = open_window.enrolment_no and answered.instrument = asked.instrument
    and answered.version = asked.version and answered.visit = open_window.visit
where answered.enrolment_no is null
    and (open_window.visit in ('BASELINE', 'EOP', 'FU1W') or visit_in_use.visit is not null)
    and not (open_window.visit = 'BASELINE' and coalesce(rule.is_change_score, false))
    and not (open_window.visit = 'EOP' and coalesce(rule.has_long_recall, false)
        and open_window.duration_band = 'w1_3')
