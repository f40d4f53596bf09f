-- One row per landed session that identity has to look at, with all that it needs: one pass over the landed files.
-- key: file_no, line
-- columns:
--   file_no          landed session file
--   file_key         landed file
--   line             line in the export
--   file_rank        1 = newest export of all
--   exported_at      when its export was written
--   clinic_id        clinic
--   source_id        source
--   participant_key  pseudonym of the person
--   session_id       the source's id
--   enrolment_id     enrolment named by the export
--   started_at       start, UTC
--   local_date       local day of the start
--   minutes          length
--   status           how it went
--   log_source       who wrote the log, and when
--   content          hash of all that was logged
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

-- Exports are looked up by their number: ten million comparisons of their keys would cost more than all the rest.
ranked as (
    select suspect.*, file_order.file_rank, file_order.exported_at
    from suspect
    join landed.file as file on file.session_file_no = suspect.file_no
    join staging.file_order as file_order on file_order.file_key = file.file_key
    where not file_order.is_dropped
)

select
    session.file_no,
    session.file_key,
    session.line,
    ranked.file_rank,
    ranked.exported_at,
    session.clinic_id,
    session.source_id,
    session.participant_key,
    session.session_id,
    session.enrolment_id,
    session.started_at,
    session.local_date,
    session.minutes,
    session.status,
    session.log_source,
    case when ranked.is_repeat then md5(cast(row(
        session.participant_key, session.started_at, session.ended_at, session.local_date, session.minutes, session.status,
        session.technique, session.body_site, session.supervised, session.pain_pre, session.pain_post, session.log_source,
        session.recorded_at, session.adverse_event
    ) as varchar)) end as content,
    ranked.is_repeat,
    ranked.is_near
from staging.session_placed as session
join ranked on ranked.file_no = session.file_no and ranked.line = session.line
