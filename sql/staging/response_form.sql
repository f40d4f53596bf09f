-- One row per kind of form: all that many responses have in common. So a response names it by one number instead of a dozen texts.
-- published
-- key: form_no
-- columns:
--   form_no          number of the kind, dense
--   clinic_id        clinic
--   source_id        source
--   instrument       questionnaire
--   version          its version
--   language         its language
--   coding_variant   its coding
--   missing_option   the mapping's choice among the questionnaire's missing rules
--   value_set        EQ-5D value set that the mapping names
--   status           state of the form
--   mode             how it was asked
--   session_phase    before or after a session
--   visit_label      visit as the clinic wrote it
--   visit            visit after the mapping
--   file_key         landed file
with kind as (
    select distinct
        clinic_id,
        source_id,
        instrument,
        version,
        language,
        coding_variant,
        missing_option,
        value_set,
        status,
        mode,
        session_phase,
        visit_label,
        visit,
        file_key
    from staging.response_placed
)

select
    cast(row_number() over (
        order by
            clinic_id, source_id, instrument, version, language, coding_variant, missing_option, value_set, status, mode,
            session_phase, visit_label, visit, file_key
    ) as integer) as form_no,
    clinic_id,
    source_id,
    instrument,
    version,
    language,
    coding_variant,
    missing_option,
    value_set,
    status,
    mode,
    session_phase,
    visit_label,
    visit,
    file_key
from kind
