-- One row per enrolment: what is measured of it, without its names, which stand in facts.fct_enrolment. facts.fct_adherence is
-- a view over both. Initiation, implementation and persistence each by itself, up to the as-of day.
-- key: enrolment_no
-- scale: participant_key
-- columns:
--   enrolment_no                 internal number of the enrolment
--   programme_state              planned, running, finished (a single session: done or overdue) or no_start_date
--   prescribed_total             sessions prescribed over the whole term; NULL if open-ended
--   weeks_matured                weeks over, not excused, observed: the denominators stop here
--   weeks_excused                weeks over and wholly paused
--   weeks_not_observed           weeks over that lie in a hole of the clinic's logs
--   expected_to_date             sessions due in matured weeks
--   sessions_to_date             counted sessions in matured weeks
--   capped_to_date               counted sessions in matured weeks, at most those due in each
--   adherence_capped             capped_to_date / expected_to_date, 0-1: the primary measure
--   adherence_uncapped           sessions_to_date / expected_to_date; may exceed 1
--   adherence_null_reason        why there is no adherence
--   evaluable                    whether there is one
--   completed                    single sessions: 1 = done in time, 0 = not; NULL otherwise
--   adherent80                   capped_to_date reaches the threshold share, compared exactly; provisional while running
--   final_adherent80             the same, once the programme is finished
--   minutes_expected_to_date     minutes due in matured weeks
--   minutes_to_date              minutes done in matured weeks, short sessions included
--   minutes_capped_to_date       minutes done in matured weeks, at most those due in each
--   minutes_adherence_capped     minutes, at most those due in each week, over those due
--   minutes_adherence_uncapped   minutes over those due
--   minutes_null_reason          why there is no minutes adherence
--   adherence_day_level          daily prescriptions: active days over the days asked for
--   expected_on_programme        expected_to_date of the weeks before the person left
--   adherence_while_on_programme adherence_capped of the weeks before the person left
--   weeks_fully_adherent         matured weeks with at least the sessions due
--   over_adherent_weeks          matured weeks with more than the sessions due
--   excess_minutes               minutes beyond those due, summed over matured weeks
--   initiated                    any active session; NULL: too early to say
--   first_active_day             programme day of the first active session
--   observed_duration_weeks      first to last counted session; never used for banding
--   km_time                      programme day of discontinuation or censoring; NULL: too early to say
--   km_event                     1 = discontinued, 0 = censored
--   km_time_from_first           km_time counted from the first active day; NULL: never started
--   n_restarts                   discontinuations after which the person came back
--   is_competing                 follow-up ended by the clinician or by death
--   dose_minutes                 minutes of all active sessions to date, the running week included
--   dose_sessions                counted sessions to date, the running week included
--   rdi                          relative dose intensity: dose_minutes per elapsed week over the weekly minutes of day 1
--   sessions_logged              all sessions that belong to the enrolment
--   sessions_pre_start           done before day 1
--   sessions_post_end            done after the last day: continued use
--   sessions_after_as_of         dated after the as-of day
--   sessions_too_short           too short to count, or of unknown length
--   sessions_not_completed       logged as skipped or as an error
--   sessions_active              in time, done for any length
--   sessions_minutes_missing     active, without a length
--   sessions_recalled            active, logged from memory
--   sessions_recall_known        active, and it is known whether from memory
select
    enrolment.enrolment_no,
    case when amount.is_done then 'finished' else enrolment.programme_state end as programme_state,
    cast(amount.prescribed_total as decimal(18, 3)) as prescribed_total,

    coalesce(total.weeks_matured, amount.no_weeks) as weeks_matured,
    coalesce(total.weeks_excused, amount.no_weeks) as weeks_excused,
    coalesce(total.weeks_not_observed, amount.no_weeks) as weeks_not_observed,
    amount.expected_to_date, amount.sessions_to_date, amount.capped_to_date,
    amount.adherence_capped, amount.adherence_uncapped,
    amount.null_reason as adherence_null_reason, amount.null_reason is null as evaluable, amount.completed,
    amount.adherent80,
    case when amount.is_done or enrolment.programme_state = 'finished' then amount.adherent80 end
        as final_adherent80,
    amount.minutes_expected_to_date, amount.minutes_to_date, amount.minutes_capped_to_date,
    amount.minutes_adherence_capped, amount.minutes_adherence_uncapped, amount.minutes_null_reason,
    amount.adherence_day_level,
    amount.expected_on_programme, amount.adherence_while_on_programme,
    coalesce(total.weeks_met, amount.no_weeks) as weeks_fully_adherent,
    coalesce(total.weeks_over_adherent, amount.no_weeks) as over_adherent_weeks,
    amount.excess_minutes,

    amount.initiated, log.first_active_day, amount.observed_duration_weeks,
    persistence.km_time, persistence.km_event, persistence.km_time_from_first,
    persistence.n_restarts, persistence.is_competing,
    amount.dose_minutes, amount.dose_sessions, amount.rdi,

    coalesce(log.sessions_logged, 0) as sessions_logged,
    coalesce(log.sessions_pre_start, 0) as sessions_pre_start,
    coalesce(log.sessions_post_end, 0) as sessions_post_end,
    coalesce(log.sessions_after_as_of, 0) as sessions_after_as_of,
    coalesce(log.sessions_too_short, 0) as sessions_too_short,
    coalesce(log.sessions_not_completed, 0) as sessions_not_completed,
    coalesce(log.sessions_active, 0) as sessions_active,
    coalesce(log.sessions_minutes_missing, 0) as sessions_minutes_missing,
    coalesce(log.sessions_recalled, 0) as sessions_recalled,
    coalesce(log.sessions_recall_known, 0) as sessions_recall_known
from facts.fct_enrolment as enrolment
join staging.adherence_amount as amount on amount.enrolment_no = enrolment.enrolment_no
left join staging.adherence_total as total on total.enrolment_no = enrolment.enrolment_no
left join staging.adherence_log as log on log.enrolment_no = enrolment.enrolment_no
left join staging.persistence as persistence on persistence.enrolment_no = enrolment.enrolment_no
