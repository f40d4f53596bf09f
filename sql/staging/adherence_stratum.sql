-- One row per enrolment: the finest stratum of its cells, so that sums are made once and cells add
-- strata.
-- key: enrolment_no
-- columns:
--   enrolment_no     enrolment
--   stratum_no       dense number of condition x band x modality x arm x setting x clinic
--   condition        condition
--   condition_group  its group
--   duration_band    band of the prescribed duration
--   modality         modality
--   arm              pathway or trial arm
--   setting          setting
--   clinic_id        clinic
--   n_of_person      enrolments of the same person
select
    enrolment_no,
    cast(dense_rank() over (
        order by condition, condition_group, duration_band, modality, arm, setting, clinic_id
    ) as integer) as stratum_no,
    condition,
    condition_group,
    duration_band,
    modality,
    arm,
    setting,
    clinic_id,
    count(*) over (partition by participant_key) as n_of_person
from facts.fct_enrolment
