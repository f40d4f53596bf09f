-- One row per enrolment that has begun, with the stratum that decides into which cells it falls.
-- key: enrolment_no
-- columns:
--   enrolment_no     enrolment
--   person_no        smallest enrolment number of the same person
--   stratum_no       dense number of the columns below
--   condition        condition
--   condition_group  its group
--   duration_band    band of the prescribed duration
--   modality         self-massage only, adjunct, ...
--   arm              pathway or trial arm
--   setting          where the programme is done
--   clinic_id        clinic
with begun as (
    select
        enrolment_no,
        min(enrolment_no) over (partition by participant_key) as person_no,
        condition,
        condition_group,
        duration_band,
        coalesce(modality, 'unknown') as modality,
        coalesce(arm, 'none') as arm,
        coalesce(setting, 'unknown') as setting,
        clinic_id,
    from staging.enrolment
    where start_date is null or start_date <= as_of_date
)
select
    enrolment_no, person_no,
    dense_rank() over (
        order by condition, condition_group, duration_band, modality, arm, setting, clinic_id
    )::integer as stratum_no,
    condition, condition_group, duration_band, modality, arm, setting, clinic_id,
from begun
