-- One row per landed session, at its place in time: in the person's own zone, where that is known.
-- A view: ten million rows stay in Parquet. Everything that compares instants reads this and not the landed rows.
-- as: view
-- key: file_no, line
-- columns:
--   file_no          landed session file, as a small number
--   file_key         landed file
--   line             line in the export
--   clinic_id        clinic
--   source_id        source
--   participant_key  pseudonym of the person
--   session_id       the source's id
--   enrolment_id     enrolment named by the export
--   started_at       start, UTC
--   ended_at         end, UTC
--   local_date       local day of the start
--   minutes          length
--   status           how it went
--   technique        massage technique
--   body_site        where on the body
--   supervised       somebody was there to guide
--   pain_pre         pain before, 0-10
--   pain_post        pain after, 0-10
--   log_source       who wrote the log, and when
--   recorded_at      when it was logged, UTC
--   adverse_event    harm noted with the session
--   time_flag        fold or gap: what the clock change made of the start as written
select
    session.file_no,
    session.file_key,
    session.line,
    session.clinic_id,
    session.source_id,
    session.participant_key,
    session.session_id,
    session.enrolment_id,
    case when moved.line is null then session.started_at else moved.started_at end as started_at,
    case when moved.line is null then session.ended_at else moved.ended_at end as ended_at,
    case when moved.line is null then session.local_date else moved.local_date end as local_date,
    session.minutes,
    session.status,
    session.technique,
    session.body_site,
    session.supervised,
    session.pain_pre,
    session.pain_post,
    session.log_source,
    case when moved.line is null then session.recorded_at else moved.recorded_at end as recorded_at,
    session.adverse_event,
    case when moved.line is null then session.time_flag else moved.time_flag end as time_flag
from landed.session as session
left join staging.session_moved as moved on moved.file_no = session.file_no and moved.line = session.line
