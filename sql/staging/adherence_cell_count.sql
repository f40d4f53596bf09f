-- One row per cell: numerators, denominators and what is left out, summed over its strata.
-- Sums are of integers and exact decimals: no order of rows and no number of threads moves a bit.
-- Enrolments that start after the as-of day are counted as n_planned and nowhere else.
-- key: cell_no
-- columns:
--   cell_no                  cell
--   n_enrolled               enrolments that have begun, or have no start date
--   n_planned                enrolments that start after the as-of day
--   n_judged                 enrolments of the cell less n_single_excluded
--   n_single_excluded        single sessions left out of the margin over duration
--   n_no_start_date          judged, without a calendar
--   n_evaluable              judged, with an adherence
--   n_initiation_evaluable   judged, of whom it can be said whether they began
--   n_initiated              of those, began
--   n_finished               judged, programme finished
--   n_running                judged, programme running
--   n_adherent80             judged, reached the threshold so far
--   n_final_evaluable        judged, finished, with an adherence
--   n_final_adherent80       of those, reached the threshold
--   n_minutes_evaluable      judged, with a minutes adherence
--   n_dose                   judged, dose known
--   n_rdi                    judged, dose intensity known
--   n_sessions_reported      judged, with a total counted by the source
--   n_over_half_self_massage  judged, strictly more than half self-massage
--   adherence_sum            sum of adherence_capped
--   minutes_adherence_sum    sum of minutes_adherence_capped
--   sessions_expected_sum    sessions due in matured weeks
--   sessions_capped_sum      sessions done, at most those due in each week
--   weeks_matured_sum        matured weeks
--   weeks_over_adherent_sum  of those, with more than the sessions due
--   weeks_excused_sum        weeks wholly paused
--   weeks_not_observed_sum   weeks inside a hole of the clinic's logs
--   logs_active_sum          active sessions
--   logs_recall_known_sum    active sessions of which it is known whether from memory
--   logs_recalled_sum        of those, logged from memory
--   sessions_reported_sum    sessions that the sources counted
with
by_stratum as (
    select
        member.stratum_no,
        count(*) filter (where programme_state <> 'planned') as n_enrolled,
        count(*) filter (where programme_state = 'planned') as n_planned,
        count(*) filter (where programme_state = 'no_start_date') as n_no_start_date,
        count(*) filter (where evaluable) as n_evaluable,
        count(initiated) as n_initiation_evaluable,
        count(*) filter (where initiated) as n_initiated,
        count(*) filter (where programme_state = 'finished') as n_finished,
        count(*) filter (where programme_state = 'running') as n_running,
        count(*) filter (where adherent80) as n_adherent80,
        count(final_adherent80) as n_final_evaluable,
        count(*) filter (where final_adherent80) as n_final_adherent80,
        count(minutes_adherence_capped) as n_minutes_evaluable,
        count(dose_minutes) as n_dose,
        count(rdi) as n_rdi,
        count(sessions_reported) filter (where programme_state <> 'planned') as n_sessions_reported,
        count(*) filter (where is_over_half_self_massage and programme_state <> 'planned')
            as n_over_half_self_massage,
        sum(cast(adherence_capped as decimal(18, 12))) as adherence_sum,
        sum(cast(minutes_adherence_capped as decimal(18, 12))) as minutes_adherence_sum,
        sum(expected_to_date) filter (where evaluable) as sessions_expected_sum,
        sum(capped_to_date) filter (where evaluable) as sessions_capped_sum,
        sum(weeks_matured) filter (where evaluable) as weeks_matured_sum,
        sum(over_adherent_weeks) filter (where evaluable) as weeks_over_adherent_sum,
        sum(weeks_excused) as weeks_excused_sum,
        sum(weeks_not_observed) as weeks_not_observed_sum,
        sum(sessions_active) as logs_active_sum,
        sum(sessions_recall_known) as logs_recall_known_sum,
        sum(sessions_recalled) as logs_recalled_sum,
        sum(sessions_reported) filter (where programme_state <> 'planned') as sessions_reported_sum
    from facts.fct_adherence as adherence
    join staging.adherence_member as member on member.enrolment_no = adherence.enrolment_no
    group by member.stratum_no
)

select
    cell.cell_no,
    sum(n_enrolled) as n_enrolled,
    sum(n_planned) as n_planned,
    coalesce(sum(n_enrolled) filter (where is_judged), 0) as n_judged,
    coalesce(sum(n_enrolled) filter (where not is_judged), 0) as n_single_excluded,
    coalesce(sum(n_no_start_date) filter (where is_judged), 0) as n_no_start_date,
    coalesce(sum(n_evaluable) filter (where is_judged), 0) as n_evaluable,
    coalesce(sum(n_initiation_evaluable) filter (where is_judged), 0) as n_initiation_evaluable,
    coalesce(sum(n_initiated) filter (where is_judged), 0) as n_initiated,
    coalesce(sum(n_finished) filter (where is_judged), 0) as n_finished,
    coalesce(sum(n_running) filter (where is_judged), 0) as n_running,
    coalesce(sum(n_adherent80) filter (where is_judged), 0) as n_adherent80,
    coalesce(sum(n_final_evaluable) filter (where is_judged), 0) as n_final_evaluable,
    coalesce(sum(n_final_adherent80) filter (where is_judged), 0) as n_final_adherent80,
    coalesce(sum(n_minutes_evaluable) filter (where is_judged), 0) as n_minutes_evaluable,
    coalesce(sum(n_dose) filter (where is_judged), 0) as n_dose,
    coalesce(sum(n_rdi) filter (where is_judged), 0) as n_rdi,
    coalesce(sum(n_sessions_reported) filter (where is_judged), 0) as n_sessions_reported,
    coalesce(sum(n_over_half_self_massage) filter (where is_judged), 0) as n_over_half_self_massage,
    sum(adherence_sum) filter (where is_judged) as adherence_sum,
    sum(minutes_adherence_sum) filter (where is_judged) as minutes_adherence_sum,
    sum(sessions_expected_sum) filter (where is_judged) as sessions_expected_sum,
    sum(sessions_capped_sum) filter (where is_judged) as sessions_capped_sum,
    coalesce(sum(weeks_matured_sum) filter (where is_judged), 0) as weeks_matured_sum,
    coalesce(sum(weeks_over_adherent_sum) filter (where is_judged), 0) as weeks_over_adherent_sum,
    coalesce(sum(weeks_excused_sum) filter (where is_judged), 0) as weeks_excused_sum,
    coalesce(sum(weeks_not_observed_sum) filter (where is_judged), 0) as weeks_not_observed_sum,
    coalesce(sum(logs_active_sum) filter (where is_judged), 0) as logs_active_sum,
    coalesce(sum(logs_recall_known_sum) filter (where is_judged), 0) as logs_recall_known_sum,
    coalesce(sum(logs_recalled_sum) filter (where is_judged), 0) as logs_recalled_sum,
    sum(sessions_reported_sum) filter (where is_judged) as sessions_reported_sum
from by_stratum
join staging.adherence_cell as cell on cell.stratum_no = by_stratum.stratum_no
group by cell.cell_no
