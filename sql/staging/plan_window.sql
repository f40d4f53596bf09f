-- One row per prescribed length x visit whose analysis window a plan of that length has.
-- An open-ended plan counts as infinitely long; the end of programme (EOP) exists for a fixed term
-- only and is computed from the prescribed weeks, never from how long the person went on.
-- key: plan_weeks, visit_no
-- columns:
--   plan_weeks  prescribed weeks; 0: a single session, 1000000: open-ended
--   visit_no    visit
--   awlo        first study day of the window
--   awtarget    study day aimed at; the assessment nearest to it is taken
--   awhi        last study day of the window
with plan as (
    select distinct plan_weeks as weeks from staging.outcome_stratum
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
    select p.weeks, w.visit, w.awlo, w.awtarget, w.awhi,
    from plan as p
    join ref.window as w
        on case
            when w.single then p.weeks = 0
            else p.weeks between coalesce(w.min_weeks, 0) and coalesce(w.max_weeks, 1000000)
        end
),
-- Decimals, because 0.15 x 140 days must be 21 and not 20.999.
end_of_programme as (
    select
        p.weeks,
        'EOP' as visit,
        7 * p.weeks - greatest(e.min_days, floor(e.before_share * (7 * p.weeks))) as awlo,
        7 * p.weeks + e.target_offset as awtarget,
        7 * p.weeks + greatest(e.min_days, floor(e.after_share * (7 * p.weeks))) as awhi,
    from plan as p
    cross join eop_policy as e
    where p.weeks between 1 and 999999
),
windows as (
    select * from calendar
    union all
    select * from end_of_programme
)
select
    w.weeks as plan_weeks,
    v.visit_no,
    w.awlo::integer as awlo,
    w.awtarget::integer as awtarget,
    w.awhi::integer as awhi,
from windows as w
join staging.outcome_visit as v on v.visit = w.visit
