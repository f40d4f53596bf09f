-- One row per enrolment: initiation, implementation and persistence, each by itself, up to the as-
-- of day. adherence_capped is the primary measure and as prescribed: a person who left stays in the
-- denominator.
-- A view: facts.fct_adherence_figure holds the figures, facts.fct_enrolment the names.
-- as: view
-- key: clinic_id, enrolment_id
-- scale: participant_key
-- columns:
--   clinic_id                    clinic that prescribed the programme
--   enrolment_id                 enrolment
--   enrolment_no                 internal number of the enrolment
--   participant_key              pseudonym of the person
--   condition                    condition that is treated
--   condition_group              group of conditions
--   duration_band                band of the prescribed duration
--   modality                     part that self-massage has in the treatment
--   arm                          pathway or trial arm
--   setting                      where the sessions take place
--   is_over_half_self_massage    strictly more than half of the minutes are self-massage; NULL: unknown
--   programme_state              planned, running, finished (a single session: done or overdue) or no_start_date
--   status                       state as the clinic reports it
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
--   adherence_while_on_programme  adherence_capped of the weeks before the person left
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
--   sessions_reported            total that the source counted itself
--   as_of_date                   last complete day of the clinic's logs
select
    enrolment.clinic_id, enrolment.enrolment_id, enrolment.enrolment_no, enrolment.participant_key,
    enrolment.condition, enrolment.condition_group, enrolment.duration_band, enrolment.modality,
    enrolment.arm, enrolment.setting, enrolment.is_over_half_self_massage, figure.programme_state,
    enrolment.status, figure.prescribed_total, figure.weeks_matured, figure.weeks_excused,
    figure.weeks_not_observed, figure.expected_to_date, figure.sessions_to_date, figure.capped_to_date,
    figure.adherence_capped, figure.adherence_uncapped, figure.adherence_null_reason, figure.evaluable,
    figure.completed, figure.adherent80, figure.final_adherent80, figure.minutes_expected_to_date,
    figure.minutes_to_date, figure.minutes_capped_to_date, figure.minutes_adherence_capped,
    figure.minutes_adherence_uncapped, figure.minutes_null_reason, figure.adherence_day_level,
    figure.expected_on_programme, figure.adherence_while_on_programme, figure.weeks_fully_adherent,
    figure.over_adherent_weeks, figure.excess_minutes, figure.initiated, figure.first_active_day,
    figure.observed_duration_weeks, figure.km_time, figure.km_event, figure.km_time_from_first,
    figure.n_restarts, figure.is_competing, figure.dose_minutes, figure.dose_sessions, figure.rdi,
    figure.sessions_logged, figure.sessions_pre_start, figure.sessions_post_end,
    figure.sessions_after_as_of, figure.sessions_too_short, figure.sessions_not_completed,
    figure.sessions_active, figure.sessions_minutes_missing, figure.sessions_recalled,
    figure.sessions_recall_known, enrolment.sessions_reported, enrolment.as_of_date
from facts.fct_adherence_figure as figure
join facts.fct_enrolment as enrolment on enrolment.enrolment_no = figure.enrolment_no
