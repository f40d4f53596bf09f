-- One row per enrolment x visit whose analysis window its prescribed plan has.
-- An open-ended plan counts as infinitely long; the end of programme (EOP) exists for a fixed term
-- only and is computed from the prescribed weeks, never from how long the person went on.
-- key: enrolment_no, visit
-- columns:
--   enrolment_no  enrolment
--   visit         visit name
--   awlo          first study day of the window
--   awtarget      study day aimed at; the assessment nearest to it is taken
--   awhi          last study day of the window
--   is_closed     window over at the clinic's as-of date; without a start date: true
with plan as (
    select
        enrolment_no,
        duration_band,
        case duration_band when 'single' then 0 when 'open_ended' then 1000000 else duration_weeks end
            as weeks,
        date_diff('day', start_date, as_of_date) + 1 as elapsed,
    from staging.enrolment
    where start_date is null or start_date <= as_of_date
),
eop_policy as (
    select
        max(value) filter (where key = 'outcome.eop_before_share')::decimal(9, 4) as before_share,
        max(value) filter (where key = 'outcome.eop_after_share')::decimal(9, 4) as after_share,
        max(value) filter (where key = 'outcome.eop_min_days')::integer as min_days,
        max(value) filter (where key = 'outcome.eop_target_offset_days')::integer as target_offset,
    from ref.policy
),
calendar as (
    select p.enrolment_no, w.visit, w.awlo, w.awtarget, w.awhi, p.elapsed,
    from plan as p
    join ref.window as w
        on case
            when w.single then p.duration_band = 'single'
            else p.weeks between coalesce(w.min_weeks, 0) and coalesce(w.max_weeks, 1000000)
        end
),
-- Decimals, because 0.15 x 140 days must be 21 and not 20.999.
end_of_programme as (
    select
        p.enrolment_no,
        'EOP' as visit,
        7 * p.weeks - greatest(e.min_days, floor(e.before_share * (7 * p.weeks))) as awlo,
        7 * p.weeks + e.target_offset as awtarget,
        7 * p.weeks + greatest(e.min_days, floor(e.after_share * (7 * p.weeks))) as awhi,
        p.elapsed,
    from plan as p
    cross join eop_policy as e
    where p.duration_band not in ('single', 'open_ended')
),
windows as (
    select * from calendar
    union all
    select * from end_of_programme
)
select
    enrolment_no,
    visit,
    awlo::integer as awlo,
    awtarget::integer as awtarget,
    awhi::integer as awhi,
    coalesce(elapsed >= awhi, true) as is_closed,
from windows
