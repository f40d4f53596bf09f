-- One row per total of a source that is not what the answers beside it add up to. The answers were used.
-- A source may round: its figure is held against ours at as many decimals as it has itself.
-- Where nothing was scored (too few answers, no licence) there is nothing to compare.
-- key: response_no, score_id
-- columns:
--   response_no  survey response
--   score_id     score of the questionnaire
--   file_key     landed file
--   line         line in the export
--   part         questionnaire and visit
--   name         the total, as landed.column_name knows it
with compared as (
    select
        scored.response_no,
        told.score_id,
        response.file_key,
        response.line,
        response.instrument || '.' || told.score_id as name,
        response.instrument || coalesce('@' || response.visit_label, '') as part,
        response.visit_label,
        abs(scored.value - told.value) as difference,
        case
            when told.value = round(told.value) then 0.5
            when told.value = round(told.value, 1) then 0.05
            when told.value = round(told.value, 2) then 0.005
            else 0
        end as rounding
    from staging.source_score as told
    join facts.fct_score_figure as scored on scored.response_no = told.response_no
    join staging.score_rule as rule on rule.rule_no = scored.rule_no and rule.score_id = told.score_id
    join staging.response as response on response.response_no = scored.response_no
    where scored.scored_by = 'followthrough' and scored.value is not null and told.value is not null
)

select
    compared.response_no,
    compared.score_id,
    compared.file_key,
    compared.line,
    compared.part,
    coalesce(of_visit.name, compared.name) as name
from compared
left join landed.column_name as of_visit
    on of_visit.file_key = compared.file_key and of_visit.name = compared.name || '@' || compared.visit_label
-- A little more than half a unit, for the binary fractions.
where compared.difference > compared.rounding + 0.000001
