-- One row per survey response in force, without dates; restricted items (a safety item) are left empty.
-- published
-- key: response_no
-- columns:
--   response_no      internal number
--   clinic_id        clinic
--   source_id        source
--   participant_key  pseudonym of the person
--   instrument       questionnaire
--   version          its version
--   language         its language
--   coding_variant   its coding
--   status           state of the form
--   mode             how it was asked
--   session_phase    before or after a session
--   visit_label      visit as the clinic wrote it
--   answers          answers in the order of ref.instrument_item; NULL: only source totals
--   file_key         landed file
--   line             line in the export
with restricted as (
    select instrument, version, list(position) as positions
    from ref.instrument_item
    where is_restricted
    group by instrument, version
)

select
    response.response_no,
    response.clinic_id,
    response.source_id,
    response.participant_key,
    response.instrument,
    response.version,
    response.language,
    response.coding_variant,
    response.status,
    response.mode,
    response.session_phase,
    response.visit_label,
    case
        when restricted.positions is null then response.answers
        else list_transform(
            response.answers, lambda answer, place: case when not list_contains(restricted.positions, place) then answer end)
    end as answers,
    response.file_key,
    response.line
from staging.response as response
left join restricted
    on restricted.instrument = response.instrument and restricted.version = response.version
order by response.response_no
