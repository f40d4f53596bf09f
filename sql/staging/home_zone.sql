-- One row per person whose zone the clinic knows; where enrolments name several, the newest start decides.
-- key: participant_key
-- columns:
--   participant_key  pseudonym of the person
--   home_tz          IANA zone
select
    participant_key,
    arg_max(home_tz, (coalesce(start_date, date '0001-01-01'), home_tz)) as home_tz
from staging.enrolment
where home_tz is not null
group by participant_key
