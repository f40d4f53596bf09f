-- One row per survey response in force, without dates; restricted items (a safety item) are left empty.
-- A view: staging.survey_answer holds what differs, staging.response_form what many have in common.
-- as: view
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
select
    response.response_no,
    form.clinic_id,
    form.source_id,
    response.participant_key,
    form.instrument,
    form.version,
    form.language,
    form.coding_variant,
    form.status,
    form.mode,
    form.session_phase,
    form.visit_label,
    response.answers,
    form.file_key,
    response.line
from staging.survey_answer as response
join staging.response_form as form on form.form_no = response.form_no
