-- One row per answer of a survey response: the long form of staging.survey_response.
-- as: view
-- published
-- key: response_no, item_id
-- columns:
--   response_no      survey response
--   clinic_id        clinic
--   participant_key  pseudonym of the person
--   instrument       questionnaire
--   version          its version
--   item_id          item, by its neutral key
--   value            answer; NULL: missing or restricted
select
    response.response_no,
    response.clinic_id,
    response.participant_key,
    response.instrument,
    response.version,
    item.item_id,
    response.answers[item.position] as value
from staging.survey_response as response
join ref.instrument_item as item
    on item.instrument = response.instrument and item.version = response.version
where response.answers is not null
