-- One row per logged session that belongs to an enrolment, counted or not, with the reason.
-- A view: facts.fct_session_log holds the numbers, facts.fct_enrolment and ref.session_file the names.
-- as: view
-- key: file_key, line
-- scale: participant_key
-- columns:
--   clinic_id           clinic that prescribed the programme
--   enrolment_id        enrolment of the session
--   enrolment_no        internal number of the enrolment
--   participant_key     pseudonym of the person
--   ady                 study day of the local date: 1 = start, -1 the day before; NULL without a start
--   programme_week      1 = days 1 to 7; NULL before the start
--   minutes             length as logged, of the union where several overlap; NULL: not logged
--   status              completed, partial, skipped or entered_in_error
--   is_counted          whether it is a session of the programme: in time, done, long enough
--   not_counted_reason  entered_in_error, not_completed, after_as_of, no_start_date, pre_start, post_end, partial or too_short
--   is_active           in time and done for any length: counts for dose, initiation and persistence
--   minutes_missing     completed without a length; it is counted all the same
--   log_source          device, app_realtime, app_recalled, paper_diary or clinician
--   supervised          whether someone supervised it
--   pain_pre            pain before the session, 0-10
--   pain_post           pain after the session, 0-10
--   is_recalled         logged from memory, by its log source or its lag; NULL: not known
--   time_flag           fold: its wall clock happened twice, the earlier was taken; gap: it never happened; NULL: neither
--   source_id           source of the log
--   file_key            landed file of the log
--   line                line of the session in its export
select
    enrolment.clinic_id,
    enrolment.enrolment_id,
    session.enrolment_no,
    enrolment.participant_key,
    session.ady,
    case when session.ady > 0 then (session.ady - 1) // 7 + 1 end as programme_week,
    session.minutes,
    session.status,
    session.not_counted_reason is null as is_counted,
    session.not_counted_reason,
    session.is_active,
    session.status = 'completed' and session.minutes is null as minutes_missing,
    session.log_source,
    session.supervised,
    session.pain_pre,
    session.pain_post,
    session.is_recalled,
    session.time_flag,
    file.source_id,
    file.file_key,
    session.line
from facts.fct_session_log as session
join facts.fct_enrolment as enrolment on enrolment.enrolment_no = session.enrolment_no
join ref.session_file as file on file.file_no = session.file_no
