-- One row per person whose zone the clinic knows, where all of the person's enrolments agree.
-- key: participant_key
-- columns:
--   participant_key  pseudonym of the person
--   home_tz          IANA zone
select
    participant_key,
    min(home_tz) as home_tz
from staging.enrolment
where home_tz is not null
group by participant_key
having count(distinct home_tz) = 1
