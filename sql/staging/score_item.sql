-- One row per response x score computed from items (sums of scores follow in facts.fct_score).
-- One arithmetic for all questionnaires: recode each answer, count the answered ones, take sum or
-- mean, rescale, convert by table. What differs is data: ref.scoring_rule holds one row per score,
-- coding variant and missing option. `answers` is never unpivoted: list functions on the wide row
-- cost a fraction of 30 long rows per response.
-- key: response_no, score_id
-- scale: participant_key
-- columns:
--   response_no       response, in the order of keys
--   score_id          score of the questionnaire
--   form              shape of the arithmetic
--   value             unrounded score, NULL where not scorable
--   value_text        health state as digits where the score is a profile
--   value_set         value set that the source asks for
--   n_items           items that the score is made of
--   n_answered        of which answered
--   is_prorated       whether the answered items stand for missing ones
--   missing_rule      rule for missing items
--   null_reason       why value is NULL
--   totals            scores of which this one is a summand
with picked as (
    select
        r.response_no, r.status, r.value_set, r.answers, k.*,
        -- items that stand side by side are cut out whole, many times cheaper than one by one
        case
            when k.last_position is not null then r.answers[k.first_position:k.last_position]
            else list_transform(k.positions, lambda place: r.answers[place])
        end as item_answers
    from staging.response as r
    inner join ref.scoring_rule as k
        on k.instrument = r.instrument
        and k.version = r.version
        and k.coding_variant = coalesce(r.coding_variant, '')
        and k.missing_option = coalesce(r.missing_option, '')
    inner join ref.instrument as i on i.instrument = k.instrument and i.version = k.version
    where r.answers is not null and k.form <> 'total' and i.is_scored
),
recoded as (
    select
        * exclude (answers, item_answers),
        case
            when slopes is null then item_answers
            when step_starts is null then list_transform(
                list_zip(item_answers, slopes, intercepts),
                lambda answer: answer[1] * answer[2] + answer[3]
            )
            else list_transform(item_answers, lambda answer, n: case
                -- counts only with its tick, and then 0 where it was left blank
                when ticks[n] is not null then if(answers[ticks[n]] = 1, coalesce(answer, 0), 0)
                when step_starts[n] is not null then step_values[n][
                    len(list_filter(step_starts[n], lambda start: start <= answer))
                ]
                else slopes[n] * answer + intercepts[n]
            end)
        end as counts
    from picked
),
summed as (
    select
        *,
        list_count(counts) as n_answered,
        list_sum(counts) as total,
        -- a blank is a "no" only on a form that was handed in; a form never opened says nothing
        case
            when form <> 'zero_fill' then list_count(counts) >= min_answered
            when status is null then list_count(counts) = n_items
            else status in ('completed', 'amended')
        end as is_scorable
    from recoded
),
computed as (
    select
        *,
        case
            when not is_scorable then null
            when form = 'mean' then (total / n_answered - subtract) * multiply
            when form = 'zero_fill' then coalesce(total, 0)
            when form = 'clock_span'
                -- hours of sleep in percent of the time between two clock times, over midnight too
                then 6000 * counts[1] / nullif((counts[3] - counts[2] + 1440) % 1440, 0)
            when form = 'sum' then (total * n_items / n_answered - subtract) * multiply
        end as raw_value
    from summed
)
select
    response_no, score_id, form,
    -- 9 decimals take away the noise of binary fractions at a boundary, not the fraction itself
    case
        when table_starts is null then raw_value
        else table_values[
            len(list_filter(table_starts, lambda start: start <= round(raw_value, 9)))
        ]
    end as value,
    if(
        is_scorable and form in ('profile', 'value_set'),
        array_to_string(list_transform(counts, lambda level: level::integer::varchar), ''),
        null
    ) as value_text,
    value_set, n_items, n_answered,
    is_scorable and form <> 'zero_fill' and n_answered < n_items as is_prorated,
    missing_rule,
    case
        when not is_scorable then if(form = 'zero_fill', 'not_submitted', 'too_few_answered')
        when form = 'profile' then 'is_text'
        when raw_value is null and form <> 'value_set' then 'not_computable'
    end as null_reason,
    totals
from computed
