-- One row per survey response in force: the narrow form. Begun and stopped forms are kept; the scorer's missing rules judge them.
-- With the texts of staging.response_form it is staging.response.
-- key: response_no
-- columns:
--   response_no      internal number, dense in key order
--   form_no          kind of form (staging.response_form)
--   participant_key  pseudonym of the person
--   enrolment_id     enrolment named by the export
--   completed_at     when it was completed, UTC
--   local_date       local day of completion
--   answers          answers in the order of the items; NULL: only source totals
--   line             line in the export
with form as (
    -- Places instead of texts, for the sort below.
    select
        form.*,
        file_order.file_rank,
        dense_rank() over (order by form.clinic_id) as clinic_place,
        dense_rank() over (order by form.instrument, form.version) as questionnaire_place,
        dense_rank() over (order by form.visit) as visit_place,
        dense_rank() over (order by form.source_id) as source_place
    from staging.response_form as form
    join staging.file_order as file_order on file_order.file_key = form.file_key
),

part as not materialized (
    select
        form.form_no, form.clinic_place, form.questionnaire_place, form.visit_place, form.source_place, form.file_rank,
        placed.participant_key, placed.response_id, placed.enrolment_id, placed.completed_at, placed.local_date,
        placed.answers, placed.line
    from staging.response_placed as placed
    join form
        on form.file_key = placed.file_key
        and form.clinic_id = placed.clinic_id
        and form.source_id = placed.source_id
        and form.instrument = placed.instrument
        and form.version = placed.version
        and form.language is not distinct from placed.language
        and form.coding_variant is not distinct from placed.coding_variant
        and form.missing_option is not distinct from placed.missing_option
        and form.value_set is not distinct from placed.value_set
        and form.status is not distinct from placed.status
        and form.mode is not distinct from placed.mode
        and form.session_phase is not distinct from placed.session_phase
        and form.visit_label is not distinct from placed.visit_label
        and form.visit is not distinct from placed.visit
    anti join staging.response_row as row
        on row.outcome <> 'kept'
        and row.file_key = placed.file_key
        and row.line = placed.line
        and row.instrument = placed.instrument
        and row.version = placed.version
        and row.visit_label is not distinct from placed.visit_label
),

-- Numbered in narrow rows: a sort that carried the answers and names would cost more than all else here. The form comes last:
-- two labels of one line without a date may stand for one visit, and only it tells them apart.
numbered as (
    select
        form_no,
        line,
        row_number() over (
            order by
                clinic_place, participant_key, questionnaire_place, local_date, completed_at, visit_place, source_place,
                response_id, file_rank, line, form_no
        ) as response_no
    from part
)

select
    cast(numbered.response_no as integer) as response_no,
    part.form_no,
    part.participant_key,
    part.enrolment_id,
    part.completed_at,
    part.local_date,
    part.answers,
    part.line
from part
join numbered on numbered.form_no = part.form_no and numbered.line = part.line
