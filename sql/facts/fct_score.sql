-- One row per response x score of its questionnaire, or per total that the source computed.
-- Items win over a total of the source. A questionnaire whose licence nobody accepted is not
-- scored: its rows say so, and totals of the source, which need no licence, stand in. Everything
-- needed to check a figure is in its row: how many items, which rule, definition and table.
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
with direct as (
    select
        response_no, clinic_id, participant_key, instrument, version, language, coding_variant,
        score_id, value, value_text, n_items, n_answered, is_prorated, missing_rule,
        'followthrough' as scored_by, null as value_set, null_reason,
        direction, band_starts, band_labels, t_table_version, definition_sha256, file_key, line
    from staging.score_item
    where form <> 'value_set'
),
valued as (
    select
        s.response_no, s.clinic_id, s.participant_key, s.instrument, s.version, s.language,
        s.coding_variant, s.score_id, v.index_value as value, null as value_text, s.n_items,
        s.n_answered, s.is_prorated, s.missing_rule, 'followthrough' as scored_by,
        coalesce(s.value_set, v.value_set) as value_set,
        coalesce(s.null_reason, if(v.index_value is null, 'no_value_set', null)) as null_reason,
        s.direction, s.band_starts, s.band_labels, s.t_table_version, s.definition_sha256,
        s.file_key, s.line
    from staging.score_item as s
    left join ref.value_set as v
        on v.profile = s.value_text
        and (v.value_set = s.value_set or (s.value_set is null and v.is_only))
    where s.form = 'value_set'
),
summand as (
    select * from staging.score_item where len(totals) > 0
),
totals as (
    select
        s.response_no, t.score_id,
        -- null if any summand is; summed in one order, so that fractions add up the same each time
        if(count(s.value) = count(*), sum(s.value order by s.score_id), null) as value,
        sum(s.n_items)::integer as n_items, sum(s.n_answered)::integer as n_answered,
        bool_or(s.is_prorated) as is_prorated, 'complete_only' as missing_rule,
        'followthrough' as scored_by,
        if(count(s.value) = count(*), null, 'a_summand_is_missing') as null_reason
    from summand as s, unnest(s.totals) as t(score_id)
    group by s.response_no, t.score_id
),
from_source as (
    select
        response_no, score_id, value, null as n_items, null as n_answered, null as is_prorated,
        null as missing_rule, 'source' as scored_by,
        if(value is null, 'missing_in_source', null) as null_reason
    from staging.source_score
),
unlicensed as (
    select
        r.response_no, k.score_id, null as value, k.n_items, null as n_answered, null as is_prorated,
        k.missing_rule, 'followthrough' as scored_by, 'licence_not_accepted' as null_reason
    from staging.response as r
    inner join staging.score_rule as k on k.instrument = r.instrument and k.version = r.version
    anti join staging.source_score as t
        on t.response_no = r.response_no and t.score_id = k.score_id
    where not k.is_scored and r.answers is not null
        and k.coding_variant = '' and k.missing_option = ''
),
gathered as (
    select * from totals
    union all select * from from_source
    union all select * from unlicensed
),
placed as (
    select
        g.response_no, r.clinic_id, r.participant_key, r.instrument, r.version, r.language,
        r.coding_variant, g.score_id, g.value, null as value_text, g.n_items, g.n_answered,
        g.is_prorated, g.missing_rule, g.scored_by,
        if(k.form = 'value_set', r.value_set, null) as value_set, g.null_reason,
        k.direction, k.band_starts, k.band_labels, k.t_table_version, k.definition_sha256,
        r.file_key, r.line
    from gathered as g
    inner join staging.response as r on r.response_no = g.response_no
    inner join staging.score_rule as k
        on k.instrument = r.instrument and k.version = r.version and k.score_id = g.score_id
        and k.coding_variant = '' and k.missing_option = ''
    -- items win over a total of the source
    where g.scored_by <> 'source' or r.answers is null or not k.is_scored
),
scored as (
    -- 9 decimals, as in staging.score_item: noise must not push a value over a boundary
    select *, round(value, 9) as rounded
    from (select * from direct union all select * from valued union all select * from placed)
)
select
    response_no, clinic_id, participant_key, instrument, version, language, coding_variant,
    score_id, value, value_text, n_items, n_answered, is_prorated, missing_rule,
    band_labels[len(list_filter(band_starts, lambda start: start <= rounded))] as band,
    direction, scored_by, definition_sha256, t_table_version, value_set, null_reason, file_key, line
from scored
