-- One row per pause that is applied: recorded before it was over, so that nobody is excused afterwards.
-- key: enrolment_no, from_date
-- columns:
--   enrolment_no  enrolment that is paused
--   from_date     first day
--   to_date       last day
select
    enrolment_no,
    from_date,
    to_date
from staging.pause_row
where outcome = 'kept'
    and cast(recorded_at as date) <= to_date
