-- One row per enrolment x score x visit that is due or answered, with change from baseline: the narrow form that
-- everything is counted from.
-- A visit that is due but has no valid score has aval NULL: it belongs to the denominator. BASELINE is
-- a row of its own. Responders are inclusive at the boundary (10 -> 7 is 30 percent). Only numbers; names
-- and pseudonyms stand in facts.fct_outcome, which is a view over this.
-- key: enrolment_no, score_no, visit_no
-- scale: participant_key
-- columns:
--   enrolment_no      enrolment, numbered within this release
--   score_no          score of a questionnaire (staging.outcome_score)
--   visit_no          analysis visit (staging.outcome_visit); 0: BASELINE
--   is_by_label       the clinic's label placed it, because dates are missing; NULL: not answered
--   ady               study day of the assessment (start date = 1); NULL without dates
--   response_no       response that serves the visit
--   is_of_source      the source computed the score; NULL: not answered
--   is_due            window closed at the as-of date (label visits: enrolled)
--   base              score at BASELINE
--   aval              score at this visit; NULL: no valid score
--   improve           change from baseline with the sign that makes better positive
--   pchg              100 x change / base; only where the scale has a true zero and base is large enough
--   is_resp_mic       improve >= MIC; NULL without a pair or a MIC
--   is_resp30         improve >= 30 percent of base; NULL where percent change is not allowed
--   is_resp50         improve >= 50 percent of base; NULL where percent change is not allowed
--   is_eligible_resp  base is at least the MIC away from the best possible score
--   is_worse_mic      worse by the MIC or more
--   is_base_at_floor  base is the best possible score: no room to improve
--   recall_overlap    the recall period reaches back before the start of the programme
with selected as (
    select enrolment_no, score_no, visit_no, is_by_label, ady, response_no, is_of_source, value,
    from staging.outcome_choice
    where reason_not_selected is null
),
observed as (
    select
        enrolment_no, score_no, visit_no, s.is_by_label, s.ady, s.response_no, s.is_of_source,
        s.value as aval, d.enrolment_no is not null as is_due,
    from selected as s
    full join staging.outcome_due as d using (enrolment_no, score_no, visit_no)
),
threshold as (
    select
        max(value) filter (where key = 'responder.tolerance') as tolerance,
        max(value) filter (where key = 'responder.moderate_percent') / 100 as moderate,
        max(value) filter (where key = 'responder.substantial_percent') / 100 as substantial,
    from ref.policy
),
compared as (
    select
        o.*, b.value as base, t.*,
        m.direction, m.percent_change, m.percent_from, m.recall_days, m.mic_unit = 'percent' as is_mic_percent,
        case m.mic_unit when 'percent' then m.mic_value / 100 * b.value else m.mic_value end as mic,
        abs(b.value - m.best) as room,
    from observed as o
    left join selected as b
        on b.visit_no = 0 and b.enrolment_no = o.enrolment_no and b.score_no = o.score_no
    join staging.outcome_score as m on m.score_no = o.score_no
    cross join threshold as t
),
improved as (
    select
        *,
        case
            when visit_no = 0 then null
            when direction = 'higher_worse' then base - aval
            when direction = 'higher_better' then aval - base
        end as improve,
    from compared
),
paired as (
    select
        *, improve > tolerance as is_better, improve + tolerance as reach,
        percent_change and base > 0 and base >= percent_from as has_percent,
    from improved
)
select
    o.enrolment_no, o.score_no, o.visit_no, o.is_by_label, o.ady, o.response_no, o.is_of_source,
    o.is_due, o.base, o.aval, o.improve,
    case when o.has_percent and o.visit_no <> 0 then 100 * (o.aval - o.base) / o.base end as pchg,
    case when o.improve is not null and o.mic is not null then
        o.is_better and o.reach >= o.mic and (not o.is_mic_percent or o.base > 0)
    end as is_resp_mic,
    case when o.improve is not null and o.percent_change then
        o.is_better and o.reach >= o.moderate * o.base and o.has_percent
    end as is_resp30,
    case when o.improve is not null and o.percent_change then
        o.is_better and o.reach >= o.substantial * o.base and o.has_percent
    end as is_resp50,
    case
        when o.mic is not null then o.room > 0 and o.room + o.tolerance >= o.mic
        when o.percent_change then o.has_percent
    end as is_eligible_resp,
    case when o.improve is not null and o.mic is not null then
        o.improve < -o.tolerance and o.tolerance - o.improve >= o.mic
    end as is_worse_mic,
    o.room = 0 as is_base_at_floor,
    o.ady < o.recall_days and o.visit_no <> 0 as recall_overlap,
from paired as o
