-- One row per response x score computed from items (sums of scores follow in facts.fct_score_figure).
-- One arithmetic for all questionnaires; what differs is data: staging.score_rule holds one row per
-- score, coding variant and missing option. `answers` is never unpivoted: list functions on a wide
-- row cost a fraction of 30 long rows per response. A view: its rows go straight into the facts.
-- as: view
-- key: response_no, score_id
-- scale: participant_key
-- columns:
--   response_no       response, in the order of keys
--   rule_no           rule of the score (staging.score_rule)
--   score_id          score of the questionnaire
--   form              shape of the arithmetic
--   value             unrounded score, NULL where not scorable
--   value_text        health state as digits where the score is a profile
--   value_set         value set that the source asks for
--   n_items           items that the score is made of
--   n_answered        of which answered
--   is_prorated       whether the answered items stand for missing ones
--   null_reason       why value is NULL
--   totals            scores of which this one is a summand
--   band_starts       lower ends of the bands
with picked as (
    select
        r.response_no, r.status, r.value_set, k.*,
        r.answers[k.first_position:k.last_position] as stretch,
        case when k.positions is not null then list_transform(k.positions, lambda place, n: case
            -- counts only with its tick, and then 0 where it was left blank
            when k.ticks[n] is not null
                then if(r.answers[k.ticks[n]] = 1, coalesce(r.answers[place], 0), 0)
            when k.step_starts[n] is not null then k.step_values[n][
                len(list_filter(k.step_starts[n], lambda start: start <= r.answers[place]))]
            else k.slopes[n] * r.answers[place] + k.intercepts[n]
        end) end as counts
    from staging.response as r
    inner join staging.score_rule as k
        on k.instrument = r.instrument and k.version = r.version
        and k.coding_variant = coalesce(r.coding_variant, '')
        and k.missing_option = coalesce(r.missing_option, '')
    where r.answers is not null and k.form <> 'total' and k.is_scored
),
counted as (
    select *,
        list_count(stretch) = len(stretch) as is_full,
        case
            when positions is not null then list_count(counts)
            when is_full or members is null then least(list_count(stretch), n_items)
            else list_inner_product(
                list_transform(stretch, lambda answer: (answer is not null)::double), members)
        end::integer as n_answered,
        case
            when positions is not null then list_sum(counts)
            when weights is null then list_sum(stretch)
            -- an inner product knows no NULL: a hole counts 0 here, and its shift is left out
            else list_inner_product(
                list_transform(stretch, lambda answer: coalesce(answer, 0.0::double)), weights
            ) + case when is_full then all_shift else list_inner_product(
                list_transform(stretch, lambda answer: (answer is not null)::double), shifts) end
        end as total
    from picked
),
computed as (
    select *,
        -- a blank is a "no" only on a form that was handed in; a form never opened says nothing
        case
            when form <> 'zero_fill' then n_answered >= min_answered
            when status is null then n_answered = n_items
            else status in ('completed', 'amended')
        end as is_scorable,
        case
            when not is_scorable then null
            when form = 'sum' then (total * n_items / n_answered - subtract) * multiply
            when form = 'mean' then (total / n_answered - subtract) * multiply
            when form = 'zero_fill' then coalesce(total, 0)
            -- hours of sleep in percent of the time between two clock times, over midnight too
            when form = 'clock_span'
                then 6000 * counts[1] / nullif((counts[3] - counts[2] + 1440) % 1440, 0)
        end as raw_value
    from counted
)
select
    response_no, rule_no, score_id, form,
    -- 9 decimals take away the noise of binary fractions at a boundary, not the fraction itself
    case
        when table_starts is null or raw_value is null then raw_value
        when table_first is not null then table_values[greatest(0, least(
            len(table_values), floor(round(raw_value, 9)) - table_first + 1))::integer]
        else table_values[
            len(list_filter(table_starts, lambda start: start <= round(raw_value, 9)))
        ]
    end as value,
    case when is_scorable and form in ('profile', 'value_set') then
        array_to_string(list_transform(counts, lambda level: level::integer::varchar), '')
    end as value_text,
    value_set, n_items, n_answered,
    is_scorable and form <> 'zero_fill' and n_answered < n_items as is_prorated,
    case
        when not is_scorable then if(form = 'zero_fill', 'not_submitted', 'too_few_answered')
        when form = 'profile' then 'is_text'
        when raw_value is null and form <> 'value_set' then 'not_computable'
    end as null_reason,
    totals, band_starts
from computed
