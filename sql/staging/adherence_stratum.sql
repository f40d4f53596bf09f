-- One row per stratum: the finest split of the cells, and whose enrolments fall into it; sums are made once by stratum, and
-- cells add strata.
-- key: stratum_no
-- columns:
--   stratum_no       dense number of condition x band x modality x arm x setting x clinic
--   condition        condition
--   condition_group  its group
--   duration_band    band of the prescribed duration
--   modality         modality
--   arm              pathway or trial arm
--   setting          setting
--   clinic_id        clinic
--   enrolment_nos    its enrolments, in no order
with
stratum as (
    select
        condition,
        condition_group,
        duration_band,
        modality,
        arm,
        setting,
        clinic_id,
        -- Gathered here, so that nobody has to find a stratum again by seven texts.
        list(enrolment_no) as enrolment_nos
    from facts.fct_enrolment
    group by condition, condition_group, duration_band, modality, arm, setting, clinic_id
)

select
    cast(row_number() over (
        order by condition, condition_group, duration_band, modality, arm, setting, clinic_id
    ) as integer) as stratum_no,
    condition,
    condition_group,
    duration_band,
    modality,
    arm,
    setting,
    clinic_id,
    enrolment_nos
from stratum
