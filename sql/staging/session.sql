-- One row per session in force.
-- A view: ten million rows stay in Parquet and pass once. One that stands for several overlapping ones has their time.
-- as: view
-- key: file_key, line
-- columns:
--   file_no          landed session file, as a small number
--   file_key         landed file
--   line             line in the export
--   clinic_id        clinic
--   source_id        source
--   participant_key  pseudonym of the person
--   enrolment_id     enrolment named by the export
--   started_at       start, UTC
--   ended_at         end, UTC
--   local_date       local day of the start
--   minutes          length
--   status           how it went
--   supervised       somebody was there to guide
--   pain_pre         pain before, 0-10
--   pain_post        pain after, 0-10
--   log_source       who wrote the log, and when
--   recorded_at      when it was logged, UTC
--   time_flag        fold or gap: what the clock change made of the start as written
select
    session.file_no,
    session.file_key,
    session.line,
    session.clinic_id,
    session.source_id,
    session.participant_key,
    session.enrolment_id,
    coalesce(change.started_at, session.started_at) as started_at,
    coalesce(change.ended_at, session.ended_at) as ended_at,
    coalesce(change.local_date, session.local_date) as local_date,
    coalesce(change.minutes, session.minutes) as minutes,
    session.status,
    session.supervised,
    session.pain_pre,
    session.pain_post,
    session.log_source,
    session.recorded_at,
    session.time_flag
from staging.session_placed as session
left join staging.session_change as change
    on change.file_no = session.file_no and change.line = session.line
where coalesce(change.is_in_force, true)
