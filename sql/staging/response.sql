-- One row per survey response in force. Begun and stopped forms are kept; the scorer's missing rules judge them.
-- key: response_no
-- columns:
--   response_no      internal number, dense in key order
--   clinic_id        clinic
--   source_id        source
--   participant_key  pseudonym of the person
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
--   file_key         landed file
--   line             line in the export
select
    cast(row_number() over (
        order by
            response.clinic_id, response.participant_key, response.instrument, response.version, response.local_date,
            response.completed_at, response.visit, response.source_id, response.response_id, file_order.file_rank, response.line
    ) as integer) as response_no,
    response.clinic_id,
    response.source_id,
    response.participant_key,
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
    response.completed_at,
    response.local_date,
    response.visit_label,
    response.visit,
    response.answers,
    response.file_key,
    response.line
from staging.response_row as response
join staging.file_order as file_order on file_order.file_key = response.file_key
where response.outcome = 'kept'
