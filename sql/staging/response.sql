-- One row per survey response in force. Begun and stopped forms are kept; the scorer's missing rules judge them.
-- A view: staging.response_log holds what differs, staging.response_form what many have in common.
-- as: view
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
    response.response_no,
    form.clinic_id,
    form.source_id,
    response.participant_key,
    response.enrolment_id,
    form.instrument,
    form.version,
    form.language,
    form.coding_variant,
    form.missing_option,
    form.value_set,
    form.status,
    form.mode,
    form.session_phase,
    response.completed_at,
    response.local_date,
    form.visit_label,
    form.visit,
    response.answers,
    form.file_key,
    response.line
from staging.response_log as response
join staging.response_form as form on form.form_no = response.form_no
