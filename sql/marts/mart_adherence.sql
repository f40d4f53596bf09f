-- One row per cell: how many began, did and kept up what they were prescribed. Everyone enrolled is
-- in it. Column names n_ count enrolments (n_persons: people). Initiation, implementation and
-- persistence are apart.
-- key: level, condition, duration_band, modality, arm, setting, clinic_id
-- columns:
--   level                       condition, group (of conditions) or all
--   condition                   condition, its group, or all
--   duration_band               band of the prescribed duration; all leaves single sessions out, but for n_enrolled and n_persons
--   modality                    modality, or all: not split by it
--   arm                         pathway or trial arm, or all: not split by it
--   setting                     setting, or all: not split by it
--   clinic_id                   clinic, or all: not split by it
--   n_enrolled                  enrolments that have begun, or have no start date
--   n_persons                   people behind n_enrolled
--   n_planned                   enrolments that start after the as-of day: in no other figure
--   n_single_excluded           single sessions that the margin over duration leaves out
--   n_no_start_date             of the rest: without a calendar, so without adherence
--   n_evaluable                 of the rest: with an adherence; the others have nothing due yet, or nothing known to be due
--   n_adherence_excluded        of the rest: left out of every adherence
--   n_initiation_evaluable      of whom it can be said whether they began
--   n_initiation_excluded       left out of it: too early to say, or no start date
--   n_initiated                 of those, began
--   pct_initiated               n_initiated in percent of n_initiation_evaluable
--   pct_initiated_ci_lo         lower 95 percent limit (Wilson)
--   pct_initiated_ci_hi         upper 95 percent limit (Wilson)
--   n_finished                  programme finished
--   n_running                   programme running
--   adherence_capped_mean       mean over the n_evaluable: done, at most what was due each week, over what was due, 0-1
--   adherence_capped_median     median
--   adherence_capped_q1         first quartile
--   adherence_capped_q3         third quartile
--   adherence_pooled            sessions_capped_sum / sessions_expected_sum: weighted by dose, not by person
--   sessions_capped_sum         sessions done in matured weeks, at most those due in each
--   sessions_expected_sum       sessions due in matured weeks
--   n_minutes_evaluable         with a minutes adherence
--   n_minutes_excluded          left out of it: no adherence, no minutes prescribed, or none recorded
--   minutes_adherence_mean      mean of the capped minutes adherence, 0-1
--   minutes_adherence_median    median
--   minutes_adherence_q1        first quartile
--   minutes_adherence_q3        third quartile
--   n_adherent80                capped adherence of at least the threshold so far; provisional while running
--   n_adherent80_evaluable      with an adherence
--   pct_adherent80              n_adherent80 in percent of n_adherent80_evaluable
--   pct_adherent80_ci_lo        lower 95 percent limit (Wilson)
--   pct_adherent80_ci_hi        upper 95 percent limit (Wilson)
--   n_final_adherent80          the same among finished programmes
--   n_final_evaluable           finished, with an adherence
--   n_final_excluded            finished, left out of it: without an adherence
--   pct_final_adherent80        n_final_adherent80 in percent of n_final_evaluable
--   pct_final_adherent80_ci_lo  lower 95 percent limit (Wilson)
--   pct_final_adherent80_ci_hi  upper 95 percent limit (Wilson)
--   n_dose                      dose known
--   dose_minutes_median         median of the minutes done to date
--   dose_minutes_q1             first quartile
--   dose_minutes_q3             third quartile
--   n_rdi                       relative dose intensity known
--   rdi_median                  median relative dose intensity
--   weeks_matured_sum           matured weeks of the evaluable
--   weeks_over_adherent_sum     of those, with more sessions than were due
--   over_adherent_pct           in percent of weeks_matured_sum
--   weeks_excused_sum           weeks left out because wholly paused
--   weeks_not_observed_sum      weeks left out because the clinic's logs have a hole
--   logs_recall_known_sum       active sessions of which it is known whether logged from memory
--   logs_recall_unknown_sum     active sessions left out of it: not known
--   logs_recalled_sum           of those, logged from memory
--   pct_recalled_logs           in percent of logs_recall_known_sum
--   n_sessions_reported         with a total counted by the source
--   sessions_reported_mean      mean of those totals
--   n_over_half_self_massage    strictly more than half of the prescribed minutes are self-massage
--   n_persistence               on the persistence curve from the prescription
--   n_persistence_excluded      left out of it: single sessions in their band, too early to say, or no start date
--   persist_w1                  share still persistent through week 1, 0-1; NULL: nobody is followed so long
--   persist_w1_ci_lo            lower 95 percent limit (log-log)
--   persist_w1_ci_hi            upper 95 percent limit (log-log)
--   persist_w1_n_at_risk        enrolments at risk on day 7
--   persist_w2                  share still persistent through week 2, 0-1; NULL: nobody is followed so long
--   persist_w2_ci_lo            lower 95 percent limit (log-log)
--   persist_w2_ci_hi            upper 95 percent limit (log-log)
--   persist_w2_n_at_risk        enrolments at risk on day 14
--   persist_w4                  share still persistent through week 4, 0-1; NULL: nobody is followed so long
--   persist_w4_ci_lo            lower 95 percent limit (log-log)
--   persist_w4_ci_hi            upper 95 percent limit (log-log)
--   persist_w4_n_at_risk        enrolments at risk on day 28
--   persist_w8                  share still persistent through week 8, 0-1; NULL: nobody is followed so long
--   persist_w8_ci_lo            lower 95 percent limit (log-log)
--   persist_w8_ci_hi            upper 95 percent limit (log-log)
--   persist_w8_n_at_risk        enrolments at risk on day 56
--   persist_w12                 share still persistent through week 12, 0-1; NULL: nobody is followed so long
--   persist_w12_ci_lo           lower 95 percent limit (log-log)
--   persist_w12_ci_hi           upper 95 percent limit (log-log)
--   persist_w12_n_at_risk       enrolments at risk on day 84
--   median_persistence_days     first day on which half or fewer are persistent; NULL: not reached
--   suppressed                  whether figures are hidden; false here, decided by the disclosure step
--   suppression_reason          why; NULL here
--   release_id                  release
--   as_of_date                  as-of date of the clinic; of the latest clinic where clinic_id is all
with
cell_name as (
    select distinct cell_no, level, condition, duration_band, modality, arm, setting, clinic_id
    from staging.adherence_cell
)

select
    cell.level, cell.condition, cell.duration_band, cell.modality, cell.arm, cell.setting,
    cell.clinic_id, cast(n.n_enrolled as bigint) as n_enrolled, spread.n_persons,
    cast(n.n_planned as bigint) as n_planned,
    cast(n.n_single_excluded as bigint) as n_single_excluded,
    cast(n.n_no_start_date as bigint) as n_no_start_date,
    cast(n.n_evaluable as bigint) as n_evaluable,
    cast(n.n_judged - n.n_evaluable as bigint) as n_adherence_excluded,
    cast(n.n_initiation_evaluable as bigint) as n_initiation_evaluable,
    cast(n.n_judged - n.n_initiation_evaluable as bigint) as n_initiation_excluded,
    cast(n.n_initiated as bigint) as n_initiated, rate.pct_initiated, rate.pct_initiated_ci_lo,
    rate.pct_initiated_ci_hi, cast(n.n_finished as bigint) as n_finished,
    cast(n.n_running as bigint) as n_running, rate.adherence_capped_mean,
    spread.adherence_quartiles[2] as adherence_capped_median,
    spread.adherence_quartiles[1] as adherence_capped_q1,
    spread.adherence_quartiles[3] as adherence_capped_q3, rate.adherence_pooled,
    cast(n.sessions_capped_sum as double) as sessions_capped_sum,
    cast(n.sessions_expected_sum as double) as sessions_expected_sum,
    cast(n.n_minutes_evaluable as bigint) as n_minutes_evaluable,
    cast(n.n_judged - n.n_minutes_evaluable as bigint) as n_minutes_excluded, rate.minutes_adherence_mean,
    spread.minutes_quartiles[2] as minutes_adherence_median,
    spread.minutes_quartiles[1] as minutes_adherence_q1,
    spread.minutes_quartiles[3] as minutes_adherence_q3,
    cast(n.n_adherent80 as bigint) as n_adherent80, n.n_evaluable as n_adherent80_evaluable,
    rate.pct_adherent80, rate.pct_adherent80_ci_lo, rate.pct_adherent80_ci_hi,
    cast(n.n_final_adherent80 as bigint) as n_final_adherent80,
    cast(n.n_final_evaluable as bigint) as n_final_evaluable,
    cast(n.n_finished - n.n_final_evaluable as bigint) as n_final_excluded, rate.pct_final_adherent80,
    rate.pct_final_adherent80_ci_lo, rate.pct_final_adherent80_ci_hi,
    cast(n.n_dose as bigint) as n_dose, spread.dose_quartiles[2] as dose_minutes_median,
    spread.dose_quartiles[1] as dose_minutes_q1, spread.dose_quartiles[3] as dose_minutes_q3,
    cast(n.n_rdi as bigint) as n_rdi, spread.rdi_median,
    cast(n.weeks_matured_sum as bigint) as weeks_matured_sum,
    cast(n.weeks_over_adherent_sum as bigint) as weeks_over_adherent_sum, rate.over_adherent_pct,
    cast(n.weeks_excused_sum as bigint) as weeks_excused_sum,
    cast(n.weeks_not_observed_sum as bigint) as weeks_not_observed_sum,
    cast(n.logs_recall_known_sum as bigint) as logs_recall_known_sum,
    cast(n.logs_active_sum - n.logs_recall_known_sum as bigint) as logs_recall_unknown_sum,
    cast(n.logs_recalled_sum as bigint) as logs_recalled_sum, rate.pct_recalled_logs,
    cast(n.n_sessions_reported as bigint) as n_sessions_reported, rate.sessions_reported_mean,
    cast(n.n_over_half_self_massage as bigint) as n_over_half_self_massage,
    coalesce(persistence.n_persistence, 0) as n_persistence,
    cast(n.n_judged - coalesce(persistence.n_persistence, 0) as bigint) as n_persistence_excluded,
    persistence.persist_w1,
    persistence.persist_w1_ci_lo, persistence.persist_w1_ci_hi, persistence.persist_w1_n_at_risk,
    persistence.persist_w2, persistence.persist_w2_ci_lo, persistence.persist_w2_ci_hi,
    persistence.persist_w2_n_at_risk, persistence.persist_w4, persistence.persist_w4_ci_lo,
    persistence.persist_w4_ci_hi, persistence.persist_w4_n_at_risk, persistence.persist_w8,
    persistence.persist_w8_ci_lo, persistence.persist_w8_ci_hi, persistence.persist_w8_n_at_risk,
    persistence.persist_w12, persistence.persist_w12_ci_lo, persistence.persist_w12_ci_hi,
    persistence.persist_w12_n_at_risk, persistence.median_persistence_days, false as suppressed,
    cast(null as varchar) as suppression_reason, run.release_id,
    coalesce(clinic.as_of_date, run.as_of_date) as as_of_date
from cell_name as cell
join staging.adherence_cell_count as n on n.cell_no = cell.cell_no
join staging.adherence_cell_rate as rate on rate.cell_no = cell.cell_no
join staging.adherence_cell_spread as spread on spread.cell_no = cell.cell_no
left join staging.persistence_week as persistence on persistence.cell_no = cell.cell_no
left join ref.clinic as clinic on clinic.clinic_id = cell.clinic_id
cross join ref.run as run
