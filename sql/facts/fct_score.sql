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
        response_no, score_id, value, value_text, n_items, n_answered, is_prorated, missing_rule,
        'followthrough' as scored_by, null as value_set, null_reason
    from staging.score_item
    where form <> 'value_set'
),
valued as (
    select
        s.response_no, s.score_id, v.index_value, null as value_text, s.n_items, s.n_answered,
        s.is_prorated, s.missing_rule, 'followthrough' as scored_by,
        coalesce(s.value_set, v.value_set) as value_set,
        coalesce(s.null_reason, if(v.index_value is null, 'no_value_set', null)) as null_reason
    from staging.score_item as s
    left join ref.value_set as v
        on v.profile = s.value_text
        and (v.value_set = s.value_set or (s.value_set is null and v.is_only))
    where s.form = 'value_set'
),
totals as (
    select
        s.response_no,
        t.score_id,
        -- null if any summand is; summed in one order, so that fractions add up the same each time
        if(count(s.value) = count(*), sum(s.value order by s.score_id), null) as value,
        null as value_text,
        sum(s.n_items)::integer as n_items,
        sum(s.n_answered)::integer as n_answered,
        bool_or(s.is_prorated) as is_prorated,
        'complete_only' as missing_rule,
        'followthrough' as scored_by,
        null as value_set,
        if(count(s.value) = count(*), null, 'a_summand_is_missing') as null_reason
    from staging.score_item as s, unnest(s.totals) as t(score_id)
    group by s.response_no, t.score_id
),
from_source as (
    select
        t.response_no, t.score_id, t.value, null as value_text, null as n_items,
        null as n_answered, null as is_prorated, null as missing_rule, 'source' as scored_by,
        null as value_set, if(t.value is null, 'missing_in_source', null) as null_reason
    from staging.source_score as t
    inner join staging.response as r on r.response_no = t.response_no
    inner join ref.instrument as i on i.instrument = r.instrument and i.version = r.version
    where r.answers is null or not i.is_scored
),
unlicensed as (
    select
        r.response_no, k.score_id, null as value, null as value_text, len(k.positions) as n_items,
        null as n_answered, null as is_prorated, k.missing_rule, 'followthrough' as scored_by,
        null as value_set, 'licence_not_accepted' as null_reason
    from staging.response as r
    inner join ref.instrument as i on i.instrument = r.instrument and i.version = r.version
    inner join ref.scoring_rule as k on k.instrument = r.instrument and k.version = r.version
    anti join staging.source_score as t
        on t.response_no = r.response_no and t.score_id = k.score_id
    where not i.is_scored and r.answers is not null
        and k.coding_variant = '' and k.missing_option = ''
),
scored as (
    select * from direct
    union all select * from valued
    union all select * from totals
    union all select * from from_source
    union all select * from unlicensed
)
select
    s.response_no, r.clinic_id, r.participant_key, r.instrument, r.version, r.language,
    r.coding_variant, s.score_id, s.value, s.value_text, s.n_items, s.n_answered, s.is_prorated,
    s.missing_rule,
    -- 9 decimals, as in staging.score_item: noise must not push a value over a boundary
    d.band_labels[
        len(list_filter(d.band_starts, lambda start: start <= round(s.value, 9)))
    ] as band,
    d.direction, s.scored_by, i.definition_sha256, d.t_table_version, s.value_set, s.null_reason,
    r.file_key, r.line
from scored as s
inner join staging.response as r on r.response_no = s.response_no
inner join ref.instrument as i on i.instrument = r.instrument and i.version = r.version
inner join ref.instrument_score as d
    on d.instrument = r.instrument and d.version = r.version and d.score_id = s.score_id
