-- One row per part (visit block x questionnaire) of a landed record of which some part may not stand, with what becomes of it.
-- All parts of other records are in force: nothing is listed for them, so that nothing has to be sorted or compared for them.
-- Identity: the source's response id, else person, enrolment, questionnaire, version and time (or visit).
-- key: file_key, line, instrument, version, visit_label
-- columns:
--   file_key     landed file
--   line         line in the export
--   instrument   questionnaire
--   version      its version
--   visit_label  visit as the clinic wrote it
--   outcome      kept, superseded, duplicate_key, unknown_participant, unknown_enrolment or ambiguous_enrolment
--   reason       of a superseded one: newer, deleted or absent (from the newest full export)
with part as not materialized (
    select
        *,
        -- Wider than the identity, and a number: two responses under one hash only have to be looked at.
        case
            when response_id is not null then hash(response_id, instrument, version)
            else hash(participant_key, instrument, version, completed_at, local_date)
        end as identity
    from staging.response_placed
),

repeated as (
    select identity
    from part
    group by identity
    having count(*) > 1
),

doubtful as (
    select part.file_key, part.line
    from part
    join staging.file_order as file_order on file_order.file_key = part.file_key
    left join repeated on repeated.identity = part.identity
    left join staging.deleted_record as deleted
        on deleted.clinic_id = part.clinic_id
        and deleted.source_id = part.source_id
        and deleted.record_id = part.response_id
    where file_order.is_dropped
        or repeated.identity is not null
        or deleted.record_id is not null
        or part.status = 'entered-in-error'
        or (part.enrolment_id is null and part.local_date is null)
        or part.participant_key not in (select participant_key from staging.enrolment)
    union
    select part.file_key, part.line
    from part
    anti join staging.enrolment as enrolment
        on enrolment.participant_key = part.participant_key and enrolment.enrolment_id = part.enrolment_id
    where part.enrolment_id is not null
),

ranked as (
    select
        part.*,
        file_order.is_dropped,
        coalesce(file_order.exported_at <= deleted.exported_at, false) or status = 'entered-in-error' as is_deleted,
        md5(cast(row(answers, totals, status, mode, session_phase, participant_key, completed_at, local_date) as varchar)) as content,
        row_number() over place as place,
        first_value(part.file_key) over place as winner_file,
        first_value(content) over place as winner_content
    from part
    semi join doubtful on doubtful.file_key = part.file_key and doubtful.line = part.line
    join staging.file_order as file_order on file_order.file_key = part.file_key
    left join staging.deleted_record as deleted
        on deleted.clinic_id = part.clinic_id
        and deleted.source_id = part.source_id
        and deleted.record_id = part.response_id
    window place as (
        partition by
            part.clinic_id, instrument, version,
            coalesce(part.source_id || '|' || response_id, participant_key),
            case when response_id is null then enrolment_id end,
            case when response_id is null then completed_at end,
            case when response_id is null then local_date end,
            case when response_id is not null or local_date is null then coalesce(visit, visit_label) end,
            session_phase
        order by file_order.is_dropped, file_order.file_rank, part.line
    )
),

person as (
    select
        participant_key,
        count(*) as n_enrolments,
        list(enrolment_id) as enrolment_ids
    from staging.enrolment
    where participant_key in (select participant_key from ranked)
    group by participant_key
)

select
    ranked.file_key,
    ranked.line,
    ranked.instrument,
    ranked.version,
    ranked.visit_label,
    case
        when ranked.is_dropped or (ranked.is_deleted and ranked.place = 1) then 'superseded'
        when ranked.place > 1 and ranked.file_key = ranked.winner_file and ranked.content <> ranked.winner_content
            then 'duplicate_key'
        when ranked.place > 1 then 'superseded'
        when person.participant_key is null then 'unknown_participant'
        when ranked.enrolment_id is not null and not list_contains(person.enrolment_ids, ranked.enrolment_id)
            then 'unknown_enrolment'
        when ranked.enrolment_id is null and ranked.local_date is null and person.n_enrolments > 1 then 'ambiguous_enrolment'
        else 'kept'
    end as outcome,
    case when ranked.is_dropped then 'absent' when ranked.is_deleted then 'deleted' else 'newer' end as reason
from ranked
left join person on person.participant_key = ranked.participant_key
