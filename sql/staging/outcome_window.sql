-- One row per enrolment x visit whose analysis window its prescribed plan has.
-- as: view
-- key: enrolment_no, visit
-- columns:
--   enrolment_no  enrolment
--   visit         visit name
--   awlo          first study day of the window
--   awtarget      study day aimed at; the assessment nearest to it is taken
--   awhi          last study day of the window
--   is_closed     window over at the clinic's as-of date; without a start date: true
select
    s.enrolment_no,
    v.visit,
    w.awlo,
    w.awtarget,
    w.awhi,
    coalesce(s.elapsed >= w.awhi, true) as is_closed,
from staging.outcome_stratum as s
join staging.plan_window as w on w.plan_weeks = s.plan_weeks
join staging.outcome_visit as v on v.visit_no = w.visit_no
