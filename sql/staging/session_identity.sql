-- One row per landed session that its own kind puts out of force: replaced, deleted, repeated, or refused as a duplicate.
-- Identity: the source's session id, else person, enrolment and start; a bare date with minutes and its ordinal in the file.
-- key: file_no, line
-- columns:
--   file_no   landed session file
--   line      line in the export
--   outcome   superseded or duplicate_key
--   reason    newer: a newer export has it, or the same file has it twice; deleted: its source took it back; absent: it stands in
--             a full export behind the newest
with repeated as (
    select
        suspect.*,
        file.clinic_id,
        file.source_id,
        file_order.file_rank,
        file_order.exported_at,
        case
            when started_at is null and session_id is null then row_number() over (
                partition by suspect.file_no, participant_key, enrolment_id, local_date, minutes order by line)
        end as ordinal
    from staging.session_suspect as suspect
    join ref.session_file as file on file.file_no = suspect.file_no
    join staging.file_order as file_order on file_order.file_key = file.file_key
    where suspect.is_repeat
),

ranked as (
    select
        repeated.file_no,
        repeated.line,
        repeated.content,
        coalesce(repeated.exported_at <= deleted.exported_at, false) as is_deleted,
        row_number() over place as place,
        first_value(repeated.file_no) over place as winner_file_no,
        first_value(repeated.content) over place as winner_content
    from repeated
    left join staging.deleted_record as deleted
        on deleted.clinic_id = repeated.clinic_id
        and deleted.source_id = repeated.source_id
        and deleted.record_id = repeated.session_id
    window place as (
        partition by
            case when session_id is null then participant_key || coalesce('|' || enrolment_id, '')
                else repeated.clinic_id || '|' || repeated.source_id || '|' || session_id end,
            case when session_id is null then coalesce(started_at, local_date) end,
            case when session_id is null and started_at is null then minutes end,
            ordinal
        order by file_rank, line
    )
)

select
    file_no,
    line,
    case
        when is_deleted then 'superseded'
        when place > 1 and file_no = winner_file_no and content <> winner_content then 'duplicate_key'
        else 'superseded'
    end as outcome,
    case when is_deleted then 'deleted' else 'newer' end as reason
from ranked
where place > 1 or is_deleted
union all
select session.file_no, session.line, 'superseded', 'absent'
from landed.session as session
join ref.session_file as file on file.file_no = session.file_no
join staging.file_order as file_order on file_order.file_key = file.file_key
where file_order.is_dropped
