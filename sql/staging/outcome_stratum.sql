-- One row per enrolment that has begun: its stratum, and what decides which visits it has.
-- Only numbers: everything that is counted or compared by person, stratum or window starts from here.
-- key: enrolment_no
-- columns:
--   enrolment_no  enrolment
--   person_no     smallest enrolment number of the same person
--   stratum_no    its stratum (staging.outcome_stratum_name)
--   plan_weeks    prescribed weeks; 0: a single session, 1000000: open-ended, which counts as infinitely long
--   elapsed       study day of the clinic's as-of date; NULL without a start date
with begun as (
    select
        enrolment_no, participant_key, condition, condition_group, duration_band,
        coalesce(modality, 'unknown') as modality,
        coalesce(arm, 'none') as arm,
        coalesce(setting, 'unknown') as setting,
        clinic_id,
        case duration_band when 'single' then 0 when 'open_ended' then 1000000 else duration_weeks end
            as plan_weeks,
        (date_diff('day', start_date, as_of_date) + 1)::integer as elapsed,
    from staging.enrolment
    where start_date is null or start_date <= as_of_date
),
-- Most people have one enrolment, which is then the smallest of its person by itself.
several as (
    select participant_key, min(enrolment_no) as person_no,
    from begun
    group by participant_key
    having count(*) > 1
)
select
    b.enrolment_no,
    coalesce(p.person_no, b.enrolment_no) as person_no,
    s.stratum_no,
    b.plan_weeks,
    b.elapsed,
from begun as b
join staging.outcome_stratum_name as s
    on s.condition = b.condition and s.condition_group is not distinct from b.condition_group
    and s.duration_band = b.duration_band and s.modality = b.modality and s.arm = b.arm
    and s.setting = b.setting and s.clinic_id = b.clinic_id
left join several as p on p.participant_key = b.participant_key
