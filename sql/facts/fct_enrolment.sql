-- One row per enrolment: what was prescribed to whom, and where the programme stands at the as-of
-- day. The duration band is that of the prescription on day 1; how long a person stayed never moves
-- it.
-- key: clinic_id, enrolment_id
-- scale: participant_key
-- columns:
--   clinic_id                  clinic that prescribed the programme
--   enrolment_id               enrolment, as named by the clinic or made from its natural key
--   enrolment_no               internal number of the enrolment
--   participant_key            pseudonym of the person
--   condition                  condition that is treated
--   condition_group            group of conditions
--   duration_band              band of the prescribed duration
--   modality                   part that self-massage has in the treatment
--   arm                        pathway or trial arm
--   setting                    where the sessions take place
--   plan_type                  single_session, fixed_term or open_ended
--   duration_weeks             prescribed weeks; NULL if open-ended
--   sessions_per_week          prescribed on day 1
--   minutes_per_session        prescribed on day 1
--   n_prescription_versions    versions of the prescription that applied
--   self_massage_share         share of the prescribed minutes that is self-massage, 0-1
--   is_over_half_self_massage  strictly more than half of the minutes; NULL: share unknown
--   start_year                 calendar year of day 1
--   end_day                    last programme day, or the last day for a single session; NULL without an end
--   programme_state            planned, running, finished or no_start_date
--   status                     state as the clinic reports it
--   status_day                 study day of that state
--   stop_reason                why the programme was stopped
--   sessions_reported          total that the source counted itself
--   sex_at_birth               as reported
--   age_band                   age at the start, 90+ top-coded
--   as_of_date                 last complete day of the clinic's logs
with
share as (
    select cast(max(value) filter (where key = 'adherence.self_massage_share_over') as double) as over
    from ref.policy
)

select
    enrolment.clinic_id,
    enrolment.enrolment_id,
    enrolment.enrolment_no,
    enrolment.participant_key,
    enrolment.condition,
    enrolment.condition_group,
    enrolment.duration_band,
    coalesce(enrolment.modality, 'unknown') as modality,
    coalesce(enrolment.arm, 'none') as arm,
    coalesce(enrolment.setting, 'unknown') as setting,
    enrolment.plan_type,
    enrolment.duration_weeks,
    plan.sessions_per_week,
    plan.minutes_per_session,
    cast(plan.n_versions as integer) as n_prescription_versions,
    enrolment.self_massage_share,
    enrolment.self_massage_share > share.over as is_over_half_self_massage,
    cast(year(enrolment.start_date) as integer) as start_year,
    plan.end_day,
    case
        when plan.as_of_day is null then 'no_start_date'
        when plan.as_of_day < 1 then 'planned'
        when plan.as_of_day >= plan.end_day then 'finished'
        else 'running'
    end as programme_state,
    enrolment.status,
    -- Study days know no day 0: the day before day 1 is day -1.
    cast(enrolment.status_date - enrolment.start_date
        + case when enrolment.status_date >= enrolment.start_date then 1 else 0 end as integer)
        as status_day,
    enrolment.stop_reason,
    enrolment.sessions_reported,
    enrolment.sex_at_birth,
    case
        when enrolment.age_at_start >= 90 then '90+'
        when enrolment.age_at_start >= 30
            then concat(enrolment.age_at_start // 10 * 10, '-', enrolment.age_at_start // 10 * 10 + 9)
        when enrolment.age_at_start >= 18 then '18-29'
        when enrolment.age_at_start >= 0 then '0-17'
    end as age_band,
    enrolment.as_of_date
from staging.enrolment as enrolment
cross join share
join staging.adherence_plan as plan on plan.enrolment_no = enrolment.enrolment_no
