-- One row per landed session that is not in force: superseded by a newer export, or refused as a duplicate.
-- Identity: the source's session id, else person, enrolment and start; a bare date with minutes and its ordinal in the file.
-- key: file_no, line
-- columns:
--   file_no   landed session file
--   file_key  landed file
--   line      line in the export
--   outcome   superseded or duplicate_key
with repeated as (
    select
        session.*,
        case
            when session.started_at is null and session.session_id is null then row_number() over (
                partition by
                    session.file_key, session.participant_key, session.enrolment_id, session.local_date, session.minutes
                order by session.line)
        end as ordinal
    from landed.session as session
    where (session.file_no, session.line) in (select file_no, line from staging.session_repeat)
),

ranked as (
    select
        repeated.file_no,
        repeated.file_key,
        repeated.line,
        file_order.is_dropped,
        md5(cast(row(
            participant_key, started_at, ended_at, local_date, minutes, status, technique, body_site, supervised, pain_pre,
            pain_post, log_source, recorded_at, adverse_event
        ) as varchar)) as content,
        row_number() over place as place,
        first_value(repeated.file_key) over place as winner_file,
        first_value(content) over place as winner_content
    from repeated
    join staging.file_order as file_order on file_order.file_key = repeated.file_key
    window place as (
        partition by
            case when session_id is null then participant_key || coalesce('|' || enrolment_id, '')
                else repeated.clinic_id || '|' || repeated.source_id || '|' || session_id end,
            case when session_id is null then coalesce(started_at, repeated.local_date) end,
            case when session_id is null and started_at is null then minutes end,
            ordinal
        order by file_order.is_dropped, file_order.file_rank, repeated.line
    )
)

select
    file_no,
    file_key,
    line,
    case when file_key = winner_file and content <> winner_content then 'duplicate_key' else 'superseded' end as outcome
from ranked
where place > 1 and not is_dropped
union all
select session.file_no, session.file_key, session.line, 'superseded'
from landed.session as session
join staging.file_order as file_order on file_order.file_key = session.file_key
where file_order.is_dropped
