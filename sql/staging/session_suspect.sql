-- One row per landed session that identity has to look at, with all that it needs: one pass over the landed files.
-- key: file_no, line
-- columns:
--   file_no          landed session file
--   line             line in the export
--   participant_key  pseudonym of the person
--   session_id       the source's id
--   enrolment_id     enrolment named by the export
--   started_at       start, UTC
--   local_date       local day of the start
--   minutes          length
--   status           how it went
--   log_source       who wrote the log, and when
--   content          hash of all that was logged; NULL where its key does not repeat
--   is_repeat        its natural key may occur more than once, or it may be deleted
--   is_near          it may be another session once more
with suspect as (
    select file_no, line, bool_or(is_repeat) as is_repeat, bool_or(is_near) as is_near
    from (
        select file_no, line, true as is_repeat, false as is_near from staging.session_repeat
        union all
        select file_no, line, false, true from staging.session_near
    )
    group by file_no, line
),

-- What an export says of itself (its key, its rank) is looked up by its number afterwards: here it would be carried a million times.
in_force as (
    select suspect.*
    from suspect
    join landed.file as file on file.session_file_no = suspect.file_no
    join staging.file_order as file_order on file_order.file_key = file.file_key
    where not file_order.is_dropped
)

select
    session.file_no,
    session.line,
    session.participant_key,
    session.session_id,
    session.enrolment_id,
    session.started_at,
    session.local_date,
    session.minutes,
    session.status,
    session.log_source,
    case when in_force.is_repeat then md5(cast(row(
        session.participant_key, session.started_at, session.ended_at, session.local_date, session.minutes, session.status,
        session.technique, session.body_site, session.supervised, session.pain_pre, session.pain_post, session.log_source,
        session.recorded_at, session.adverse_event
    ) as varchar)) end as content,
    in_force.is_repeat,
    in_force.is_near
from staging.session_placed as session
join in_force on in_force.file_no = session.file_no and in_force.line = session.line
