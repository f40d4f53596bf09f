-- One row per landed response (line x visit block x questionnaire), items or source totals, at its place in time.
-- Where the source's zone had stood in for the person's own, an instant with an offset stays and its day moves, a wall clock
-- stays and its instant moves. A view: most of its columns are read once, for staging.response.
-- as: view
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
--   totals           the source's own totals, each as name=value; NULL: only answers
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
)

select
    response.file_key,
    response.line,
    response.clinic_id,
    response.source_id,
    response.participant_key,
    response.response_id,
    response.enrolment_id,
    response.instrument,
    response.version,
    response.language,
    response.coding_variant,
    response.missing_option,
    response.value_set,
    response.status,
    response.mode,
    response.session_phase,
    coalesce(home_instant.instant, response.completed_at) as completed_at,
    case
        when home_zone.home_tz is null or response.tz_source <> 'offset' then response.local_date
        else cast(timezone(home_zone.home_tz, timezone('UTC', response.completed_at)) as date)
    end as local_date,
    response.visit_label,
    response.visit,
    response.answers,
    response.totals
from response
-- Conditions on the response alone stand within the key: beside it they would make of this hash join one of all with all.
left join staging.home_zone as home_zone
    on home_zone.participant_key = case
        when response.tz_source <> 'row' and response.completed_at is not null then response.participant_key
    end
    and home_zone.home_tz <> response.tz
left join staging.home_instant as home_instant
    on home_instant.home_tz = home_zone.home_tz
    and home_instant.wall = case
        when home_zone.home_tz is not null and response.tz_source = 'source'
            then timezone(response.tz, timezone('UTC', response.completed_at))
    end
