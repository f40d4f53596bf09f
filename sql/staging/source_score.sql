-- One row per total that a source computed itself, of a response in force.
-- key: response_no, score_id
-- columns:
--   response_no  survey response
--   score_id     score of the questionnaire
--   value        the source's figure
select
    response.response_no,
    score.score_id,
    score.value
from landed.score as score
join staging.response as response
    on response.file_key = score.file_key
    and response.line = score.line
    and response.instrument = score.instrument
    and response.version = score.version
    and response.visit_label is not distinct from score.visit_label
