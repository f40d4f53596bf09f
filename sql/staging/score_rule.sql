-- One row per score x coding variant x missing option of a questionnaire: how it is computed, and all
-- that is constant in the receipt of a score. Joined once here, so that each response meets one row.
-- published
-- key: instrument, version, coding_variant, missing_option, score_id
-- columns:
--   rule_no           dense number of the rule, by which facts.fct_score_figure names it
--   instrument        questionnaire
--   version           its version
--   coding_variant    how the export codes the options; '': as in the definition
--   missing_option    named alternative of the missing rule; '': the rule itself
--   score_id          score of the questionnaire
--   is_scored         whether its licence allows to score it here
--   form              shape of the arithmetic
--   n_items           items that the score is made of
--   min_answered      of which must be answered
--   missing_rule      rule for missing items
--   first_position    first place in `answers` of the stretch that holds its items
--   last_position     last place of that stretch
--   weights           what an answer of the stretch is multiplied with; NULL: all count as they are
--   shifts            what is then added to each that is answered
--   members           1 for items of the score, 0 for others between them; NULL: all are items
--   all_shift         sum of `shifts`
--   positions         places of items that are recoded one by one; NULL: a weighted sum
--   slopes            line of each of these items: slope
--   intercepts        line of each of these items: intercept
--   step_starts       or the starts of its steps
--   step_values       and what counts from there on
--   ticks             place of the tick without which the item counts 0
--   subtract          taken off the sum or mean
--   multiply          then multiplied
--   table_first       first row of the conversion table where its rows count up whole numbers
--   table_starts      starts of the conversion table; NULL: none
--   table_values      its values
--   totals            scores of which this one is a summand
--   direction         higher_worse or higher_better
--   band_starts       lower ends of the bands
--   band_labels       their names
--   t_table_version   version of the T-score table
--   definition_sha256 hash of the questionnaire's definition
select
    cast(row_number() over (
        order by k.instrument, k.version, k.coding_variant, k.missing_option, k.score_id
    ) as smallint) as rule_no,
    k.instrument, k.version, k.coding_variant, k.missing_option, k.score_id, i.is_scored,
    k.form, k.n_items, k.min_answered, k.missing_rule,
    k.first_position, k.last_position, k.weights, k.shifts, k.members, k.all_shift,
    k.positions, k.slopes, k.intercepts, k.step_starts, k.step_values, k.ticks,
    k.subtract, k.multiply, k.table_first, k.table_starts, k.table_values, k.totals,
    s.direction, s.band_starts, s.band_labels, s.t_table_version, i.definition_sha256
from ref.scoring_rule as k
join ref.instrument_score as s
    on s.instrument = k.instrument and s.version = k.version and s.score_id = k.score_id
join ref.instrument as i on i.instrument = k.instrument and i.version = k.version
