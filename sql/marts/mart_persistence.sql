-- One row per cell x curve x day on which someone discontinued or was censored: the Kaplan-Meier
-- curve. Everybody enrolled is on the curve from the prescription, non-starters as an event on day
-- 0; the other curve counts initiators from their first active day.
-- key: level, condition, duration_band, modality, arm, setting, clinic_id, curve, day
-- columns:
--   level               condition, group (of conditions) or all
--   condition           condition, its group, or all
--   duration_band       band of the prescribed duration, or all
--   modality            modality, or all: not split by it
--   arm                 pathway or trial arm, or all: not split by it
--   setting             setting, or all: not split by it
--   clinic_id           clinic, or all: not split by it
--   curve               from_prescription or from_first_session
--   day                 programme day; from_first_session: first active day = 1
--   n_at_start          enrolments on the curve
--   n_at_risk           enrolments still followed and persistent just before the day
--   n_event             discontinuations dated on the day
--   n_censored          follow-ups that end on the day
--   persistence         share that is still persistent after the day, 0-1
--   persistence_ci_lo   lower 95 percent limit (log-log, Greenwood); NULL at 1 and 0
--   persistence_ci_hi   upper 95 percent limit
--   is_below_cut        so few are at risk that the curve must not be drawn
--   suppressed          whether figures are hidden; false here, decided by the disclosure step
--   suppression_reason  why; NULL here
--   release_id          release
--   as_of_date          as-of date of the clinic; of the latest clinic where clinic_id is all
with
cell_name as (
    select distinct cell_no, level, condition, duration_band, modality, arm, setting, clinic_id
    from staging.adherence_cell
)

select
    cell.level, cell.condition, cell.duration_band,
    cell.modality, cell.arm, cell.setting, cell.clinic_id,
    curve.curve,
    curve.day,
    curve.n_at_start,
    curve.n_at_risk,
    curve.n_event,
    curve.n_left - curve.n_event as n_censored,
    curve.persistence,
    curve.persistence_ci_lo,
    curve.persistence_ci_hi,
    curve.is_below_cut,
    false as suppressed,
    cast(null as varchar) as suppression_reason,
    run.release_id,
    coalesce(clinic.as_of_date, run.as_of_date) as as_of_date
from staging.persistence_curve as curve
join cell_name as cell on cell.cell_no = curve.cell_no
left join ref.clinic as clinic on clinic.clinic_id = cell.clinic_id
cross join ref.run as run
