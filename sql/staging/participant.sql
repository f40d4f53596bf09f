-- One row per person with an enrolment: what the analyst layer may know.
-- published
-- key: clinic_id, participant_key
-- columns:
--   clinic_id        clinic
--   participant_key  pseudonym of the person
--   sex_at_birth     sex at birth
--   age_band         age at the first start, 18-29 to 90+
--   start_year       year of the first start
--   n_enrolments     enrolments of the person
with person as (
    -- Whoever has one landed row is a person as it stands: only the others are gathered.
    select
        clinic_id, participant_key, sex_at_birth, age_at_start as age, start_date, cast(1 as bigint) as n_enrolments, enrolment_no
    from staging.enrolment
    where enrolment_key is null
    union all
    select
        clinic_id, participant_key, max(sex_at_birth), min(age_at_start), min(start_date), count(*), min(enrolment_no)
    from staging.enrolment
    where enrolment_key is not null
    group by clinic_id, participant_key
)

select
    clinic_id,
    participant_key,
    sex_at_birth,
    case
        when age is null then null
        when age >= 90 then '90+'
        when age < 18 then 'under 18'
        when age < 30 then '18-29'
        else (age // 10 * 10) || '-' || (age // 10 * 10 + 9)
    end as age_band,
    year(start_date) as start_year,
    n_enrolments
from person
-- Enrolments are numbered in the order of clinic and person.
order by enrolment_no
