-- One row per survey response in force, without dates: the narrow form; restricted items (a safety item) are left empty.
-- With the texts of staging.response_form it is staging.survey_response.
-- published
-- key: response_no
-- columns:
--   response_no      internal number
--   form_no          kind of form (staging.response_form)
--   participant_key  pseudonym of the person
--   answers          answers in the order of ref.instrument_item; NULL: only source totals
--   line             line in the export
with restricted as (
    select form.form_no, list(item.position) as positions
    from staging.response_form as form
    join ref.instrument_item as item on item.instrument = form.instrument and item.version = form.version
    where item.is_restricted
    group by form.form_no
)

select
    response.response_no,
    response.form_no,
    response.participant_key,
    case
        when restricted.positions is null then response.answers
        else list_transform(
            response.answers, lambda answer, place: case when not list_contains(restricted.positions, place) then answer end)
    end as answers,
    response.line
from staging.response_log as response
left join restricted on restricted.form_no = response.form_no
order by response.response_no
