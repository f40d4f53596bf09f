-- One row per response x score of its questionnaire, or per total that the source computed.
-- Items win over a total of the source. A questionnaire whose licence nobody accepted is not
-- scored: its rows say so, and totals of the source, which need no licence, stand in. Everything
-- needed to check a figure is in its row: how many items, which rule, definition and table.
-- A view: facts.fct_score_figure holds the figures, staging.score_rule,
-- staging.survey_answer and staging.response_form the names.
-- as: view
-- key: response_no, score_id
-- scale: participant_key
-- columns:
--   response_no       response, in the order of keys
--   clinic_id         clinic of the person
--   participant_key   keyed pseudonym
--   instrument        questionnaire
--   version           its version
--   language          language of the form
--   coding_variant    how the export codes the options, NULL as in the definition
--   score_id          score of the questionnaire
--   value             unrounded score, NULL where not scorable
--   value_text        health state as digits (EQ-5D profile); never a number to average
--   n_items           items that the score is made of; NULL for totals of the source
--   n_answered        of which answered
--   is_prorated       whether the answered items stand for missing ones
--   missing_rule      rule for missing items
--   band              named stretch of the scale in which the value falls
--   direction         higher_worse or higher_better
--   scored_by         followthrough, or source
--   definition_sha256 hash of the questionnaire's definition
--   t_table_version   version of the T-score table
--   value_set         EQ-5D value set of the index
--   null_reason       why value is NULL
--   file_key          landed file
--   line              line in it
select
    figure.response_no,
    form.clinic_id,
    response.participant_key,
    rule.instrument,
    rule.version,
    form.language,
    form.coding_variant,
    rule.score_id,
    figure.value,
    figure.value_text,
    figure.n_items,
    figure.n_answered,
    figure.is_prorated,
    case
        when figure.scored_by = 'source' then null
        when rule.form = 'total' and rule.is_scored then 'complete_only'
        else rule.missing_rule
    end as missing_rule,
    rule.band_labels[figure.band_no] as band,
    rule.direction,
    cast(figure.scored_by as varchar) as scored_by,
    rule.definition_sha256,
    rule.t_table_version,
    figure.value_set,
    figure.null_reason,
    form.file_key,
    response.line
from facts.fct_score_figure as figure
join staging.score_rule as rule on rule.rule_no = figure.rule_no
join staging.survey_answer as response on response.response_no = figure.response_no
join staging.response_form as form on form.form_no = response.form_no
