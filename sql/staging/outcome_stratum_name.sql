-- One row per stratum: a combination of the columns that decide into which cells an enrolment falls.
-- key: stratum_no
-- columns:
--   stratum_no       dense number of the columns below
--   condition        condition
--   condition_group  its group
--   duration_band    band of the prescribed duration
--   modality         self-massage only, adjunct, ...
--   arm              pathway or trial arm
--   setting          where the programme is done
--   clinic_id        clinic
with stratum as (
    select distinct
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
    (row_number() over (
        order by condition, condition_group, duration_band, modality, arm, setting, clinic_id
    ))::integer as stratum_no,
    condition, condition_group, duration_band, modality, arm, setting, clinic_id,
from stratum
