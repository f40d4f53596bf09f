-- One row per response x score of its questionnaire, or per total that the source computed: the narrow form, figures only.
-- Items win over a total of the source. A questionnaire whose licence nobody accepted is not scored: its rows say so, and
-- totals of the source, which need no licence, stand in. Names, and what is constant of a score, stand in facts.fct_score,
-- which is a view over this: a text that is the same in each of a million rows is dear to write.
-- key: response_no, rule_no
-- scale: participant_key
-- columns:
--   response_no  response, in the order of keys
--   rule_no      score and how it is computed (staging.score_rule); for totals the rule without variant or option
--   value        unrounded score, NULL where not scorable
--   value_text   health state as digits (EQ-5D profile); never a number to average
--   n_items      items that the score is made of; NULL for totals of the source
--   n_answered   of which answered
--   is_prorated  whether the answered items stand for missing ones
--   band_no      place of the band among those of the score; NULL: no bands or no value; 0: below all
--   scored_by    followthrough, or source
--   value_set    EQ-5D value set of the index
--   null_reason  why value is NULL
with direct as (
    select
        response_no, rule_no, value, value_text, n_items, n_answered, is_prorated,
        'followthrough' as scored_by, null as value_set, null_reason, band_starts
    from staging.score_item
    where form <> 'value_set'
),
valued as (
    select
        s.response_no, s.rule_no, v.index_value as value, null as value_text, s.n_items, s.n_answered, s.is_prorated,
        'followthrough' as scored_by, coalesce(s.value_set, v.value_set) as value_set,
        coalesce(s.null_reason, if(v.index_value is null, 'no_value_set', null)) as null_reason, s.band_starts
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
        bool_or(s.is_prorated) as is_prorated, 'followthrough' as scored_by,
        if(count(s.value) = count(*), null, 'a_summand_is_missing') as null_reason
    from summand as s, unnest(s.totals) as t(score_id)
    group by s.response_no, t.score_id
),
from_source as (
    select
        response_no, score_id, value, null as n_items, null as n_answered, null as is_prorated,
        'source' as scored_by,
        if(value is null, 'missing_in_source', null) as null_reason
    from staging.source_score
),
unlicensed as (
    select
        r.response_no, k.score_id, null as value, k.n_items, null as n_answered, null as is_prorated,
        'followthrough' as scored_by, 'licence_not_accepted' as null_reason
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
        g.response_no, k.rule_no, g.value, null as value_text, g.n_items, g.n_answered, g.is_prorated,
        g.scored_by, if(k.form = 'value_set', r.value_set, null) as value_set, g.null_reason, k.band_starts
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
    response_no, rule_no, value, value_text, n_items, n_answered, is_prorated,
    cast(len(list_filter(band_starts, lambda start: start <= rounded)) as tinyint) as band_no,
    cast(scored_by as enum('followthrough', 'source')) as scored_by,
    value_set, null_reason
from scored
