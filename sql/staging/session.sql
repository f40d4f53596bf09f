-- One row per session in force.
-- A view: ten million rows stay in Parquet and pass once. Where the source's zone stood in for the person's own,
-- the local day is settled again: an instant with an offset stays and its day moves, a wall clock stays and its instant moves.
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
select
    session.file_no,
    session.file_key,
    session.line,
    session.clinic_id,
    session.source_id,
    session.participant_key,
    session.enrolment_id,
    case
        when home_zone.home_tz is null or session.tz_source <> 'source' then session.started_at
        else timezone('UTC', timezone(home_zone.home_tz, session.started_at + to_minutes(session.utc_offset_min)))
    end as started_at,
    case
        when home_zone.home_tz is null or session.tz_source <> 'source' then session.ended_at
        else timezone('UTC', timezone(home_zone.home_tz, session.ended_at + to_minutes(session.utc_offset_min)))
    end as ended_at,
    case
        when home_zone.home_tz is null or session.tz_source <> 'offset' then session.local_date
        else cast(timezone(home_zone.home_tz, timezone('UTC', session.started_at)) as date)
    end as local_date,
    session.minutes,
    session.status,
    session.supervised,
    session.pain_pre,
    session.pain_post,
    session.log_source,
    session.recorded_at
from landed.session as session
left join staging.home_zone as home_zone
    on home_zone.participant_key = session.participant_key
    and home_zone.home_tz <> session.tz
    and session.tz_source <> 'row'
anti join staging.session_outcome as outcome
    on outcome.file_no = session.file_no and outcome.line = session.line
