-- One row per landed response (line x visit block x questionnaire), items or source totals, with what becomes of it.
-- Identity: the source's response id, else person, enrolment, questionnaire, version and time (or visit). Times are settled first:
-- where the source's zone had stood in for the person's own, an instant with an offset stays and its day moves, a wall clock
-- stays and its instant moves.
-- key: file_key, line, instrument, version, visit_label
-- columns:
--   file_key         landed file
--   line             line in the export
--   clinic_id        clinic
--   source_id        source
--   participant_key  pseudonym of the person
--   response_id      the source's id
--   enrolment_id     enrolment named by the export
--   instrument       questionnaire
--   version          its version
--   language         its language
--   coding_variant   its coding
--   missing_option   the mapping's choice among the questionnaire's missing rules
--   value_set        EQ-5D value set that the mapping names
--   status           state of the form
--   mode             how it was asked
--   session_phase    before or after a session
--   completed_at     when it was completed, UTC
--   local_date       local day of completion
--   visit_label      visit as the clinic wrote it
--   visit            visit after the mapping
--   answers          answers in the order of the items; NULL: only source totals
--   outcome          kept, superseded, duplicate_key, unknown_participant, unknown_enrolment or ambiguous_enrolment
--   reason           of a superseded one: newer, deleted or absent (from the newest full export)
with total as (
    select
        file_key, line, instrument, version, visit_label,
        any_value(columns(* exclude (file_key, line, instrument, version, visit_label, score_id, value))),
        list(score_id || '=' || value order by score_id) as totals
    from landed.score
    group by file_key, line, instrument, version, visit_label
),

response as (
    select item.* exclude (answers), item.answers, total.totals
    from landed.survey_response as item
    left join total
        on total.file_key = item.file_key
        and total.line = item.line
        and total.instrument = item.instrument
        and total.version = item.version
        and total.visit_label is not distinct from item.visit_label
    union all by name
    select total.*
    from total
    anti join landed.survey_response as item
        on total.file_key = item.file_key
        and total.line = item.line
        and total.instrument = item.instrument
        and total.version = item.version
        and total.visit_label is not distinct from item.visit_label
),

placed as (
    select response.* replace (
        coalesce(home_instant.instant, response.completed_at) as completed_at,
        case
            when home_zone.home_tz is null or response.tz_source <> 'offset' then response.local_date
            else cast(timezone(home_zone.home_tz, timezone('UTC', response.completed_at)) as date)
        end as local_date
    )
    from response
    left join staging.home_zone as home_zone
        on home_zone.participant_key = response.participant_key
        and response.tz_source <> 'row' and response.tz <> home_zone.home_tz and response.completed_at is not null
    left join staging.home_instant as home_instant
        on response.tz_source = 'source'
        and home_instant.home_tz = home_zone.home_tz
        and home_instant.wall = timezone(response.tz, timezone('UTC', response.completed_at))
),

ranked as (
    select
        placed.*,
        file_order.is_dropped,
        coalesce(file_order.exported_at <= deleted.exported_at, false) or status = 'entered-in-error' as is_deleted,
        md5(cast(row(answers, totals, status, mode, session_phase, participant_key, completed_at, local_date) as varchar)) as content,
        row_number() over place as place,
        first_value(placed.file_key) over place as winner_file,
        first_value(content) over place as winner_content
    from placed
    join staging.file_order as file_order on file_order.file_key = placed.file_key
    left join staging.deleted_record as deleted
        on deleted.clinic_id = placed.clinic_id
        and deleted.source_id = placed.source_id
        and deleted.record_id = placed.response_id
    window place as (
        partition by
            placed.clinic_id, instrument, version,
            coalesce(placed.source_id || '|' || response_id, participant_key),
            case when response_id is null then enrolment_id end,
            case when response_id is null then completed_at end,
            case when response_id is null then local_date end,
            case when response_id is not null or local_date is null then coalesce(visit, visit_label) end,
            session_phase
        order by file_order.is_dropped, file_order.file_rank, placed.line
    )
),

person as (
    select
        participant_key,
        count(*) as n_enrolments,
        list(enrolment_id) as enrolment_ids
    from staging.enrolment
    group by participant_key
)

select
    ranked.file_key,
    ranked.line,
    ranked.clinic_id,
    ranked.source_id,
    ranked.participant_key,
    ranked.response_id,
    ranked.enrolment_id,
    ranked.instrument,
    ranked.version,
    ranked.language,
    ranked.coding_variant,
    ranked.missing_option,
    ranked.value_set,
    ranked.status,
    ranked.mode,
    ranked.session_phase,
    ranked.completed_at,
    ranked.local_date,
    ranked.visit_label,
    ranked.visit,
    ranked.answers,
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
