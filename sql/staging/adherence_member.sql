-- One row per enrolment: its stratum, and whether its person has others.
-- key: enrolment_no
-- columns:
--   enrolment_no  enrolment
--   stratum_no    its stratum
--   n_of_person   enrolments of the same person
--   person_no     smallest enrolment number of the same person
with
placed as (
    select stratum_no, unnest(enrolment_nos) as enrolment_no
    from staging.adherence_stratum
),

-- Only those with several: most people have one enrolment, and need no place in a window.
person_again as (
    select participant_key, count(*) as n_enrolments, min(enrolment_no) as person_no
    from facts.fct_enrolment
    group by participant_key
    having count(*) > 1
),

again as (
    select enrolment.enrolment_no, person_again.n_enrolments, person_again.person_no
    from facts.fct_enrolment as enrolment
    join person_again on person_again.participant_key = enrolment.participant_key
)

select
    placed.enrolment_no,
    placed.stratum_no,
    coalesce(again.n_enrolments, 1) as n_of_person,
    coalesce(again.person_no, placed.enrolment_no) as person_no
from placed
left join again on again.enrolment_no = placed.enrolment_no
