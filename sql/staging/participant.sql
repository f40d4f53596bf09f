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
select
    clinic_id,
    participant_key,
    max(sex_at_birth) as sex_at_birth,
    case
        when min(age_at_start) is null then null
        when min(age_at_start) >= 90 then '90+'
        when min(age_at_start) < 18 then 'under 18'
        when min(age_at_start) < 30 then '18-29'
        else (min(age_at_start) // 10 * 10) || '-' || (min(age_at_start) // 10 * 10 + 9)
    end as age_band,
    year(min(start_date)) as start_year,
    count(*) as n_enrolments
from staging.enrolment
group by clinic_id, participant_key
order by clinic_id, participant_key
