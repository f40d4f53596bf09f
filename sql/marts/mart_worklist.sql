-- One row per enrolment x what is to be done for it: a session, or a questionnaire at a visit. For the
-- clinic's coordinator, so analyst only: it names people by pseudonym and time by study day, never by
-- date. `leaving`: the target day has come and the window closes within policy worklist.leaving_days.
-- key: clinic_id, enrolment_id, what, instrument, version, visit
-- columns:
--   clinic_id        clinic that prescribed the programme
--   enrolment_id     enrolment
--   participant_key  pseudonym of the person
--   condition        condition that is treated
--   duration_band    band of the prescribed duration
--   what             session or survey
--   instrument       questionnaire; none for a session
--   version          its version; none for a session
--   visit            analysis visit; none for a session
--   state            due, late (past the target day), leaving (and few days are left) or silent (discontinued by its silence)
--   study_day        study day of the as-of date (start date = 1, the day before = -1)
--   from_day         study day from which it could be done
--   target_day       study day on which it is best done
--   last_day         last study day on which it helps
--   days_late        days since target_day; 0 before it
--   days_left        days until last_day; negative once silent
--   release_id       release
--   as_of_date       as-of date of the clinic
with
policy as (
    select max(value) filter (where key = 'worklist.leaving_days') as leaving_days
    from ref.policy
),

item as (
    select
        enrolment_no, 'survey' as what, instrument, version, visit,
        study_day, from_day, target_day, last_day
    from staging.worklist_visit
    union all
    select
        enrolment_no, 'session', 'none', 'none', 'none',
        study_day, from_day, target_day, last_day
    from staging.worklist_session
),

-- Study days know no day 0: counted from one side of the start to the other, a day too many is taken off.
measured as (
    select
        *,
        study_day - target_day - case when study_day > 0 and target_day < 0 then 1 else 0 end as past_target,
        last_day - study_day - case when last_day > 0 and study_day < 0 then 1 else 0 end as days_left
    from item
)

select
    enrolment.clinic_id,
    enrolment.enrolment_id,
    enrolment.participant_key,
    enrolment.condition,
    enrolment.duration_band,
    item.what,
    item.instrument,
    item.version,
    item.visit,
    case
        when item.days_left < 0 then 'silent'
        when item.past_target >= 0 and item.days_left <= policy.leaving_days then 'leaving'
        when item.past_target > 0 then 'late'
        else 'due'
    end as state,
    item.study_day,
    item.from_day,
    item.target_day,
    item.last_day,
    cast(greatest(item.past_target, 0) as integer) as days_late,
    cast(item.days_left as integer) as days_left,
    run.release_id,
    enrolment.as_of_date
from measured as item
join facts.fct_enrolment as enrolment on enrolment.enrolment_no = item.enrolment_no
cross join policy
cross join ref.run as run
