-- One row per enrolment x score x visit that is due or answered, with change from baseline.
-- A visit that is due but has no valid score has aval NULL: it belongs to the denominator. BASELINE is
-- a row of its own. Responders are inclusive at the boundary (10 -> 7 is 30 percent).
-- key: enrolment_no, instrument, version, score_id, visit
-- scale: participant_key
-- columns:
--   clinic_id         clinic that prescribed the programme
--   participant_key   pseudonym of the person
--   enrolment_no      enrolment, numbered within this release
--   enrolment_id      enrolment as the clinic names it
--   condition         condition of the enrolment
--   condition_group   its group
--   duration_band     band of the prescribed duration
--   modality          self-massage only, adjunct, ...
--   arm               pathway or trial arm
--   setting           where the programme is done
--   instrument        questionnaire
--   version           its version
--   score_id          score of the questionnaire
--   visit             analysis visit
--   visit_basis       date (study day in the window) or label (dates missing); NULL: not answered
--   ady               study day of the assessment (start date = 1); NULL without dates
--   response_no       response that serves the visit
--   scored_by         who computed the score: this pipeline or the source
--   is_due            window closed at the as-of date (label visits: enrolled)
--   base              score at BASELINE
--   aval              score at this visit; NULL: no valid score
--   chg               aval - base; NULL at BASELINE
--   improve           change with the sign that makes better positive
--   pchg              100 x chg / base; only where the scale has a true zero and base is large enough
--   mic_value         smallest change that patients notice, as configured
--   mic_unit          points, or percent of baseline
--   mic_source        publication of that value
--   is_resp_mic       improve >= MIC; NULL without a pair or a MIC
--   is_resp30         improve >= 30 percent of base; NULL where percent change is not allowed
--   is_resp50         improve >= 50 percent of base; NULL where percent change is not allowed
--   is_eligible_resp  base is at least the MIC away from the best possible score
--   is_worse_mic      worse by the MIC or more
--   is_base_at_floor  base is the best possible score: no room to improve
--   recall_overlap    the recall period reaches back before the start of the programme
with selected as (
    select * from staging.outcome_candidate where reason_not_selected is null
),
observed as (
    select
        enrolment_no, instrument, version, score_id, visit, s.visit_basis, s.ady, s.response_no,
        s.scored_by, s.value as aval, d.enrolment_no is not null as is_due,
    from selected as s
    full join staging.outcome_due as d using (enrolment_no, instrument, version, score_id, visit)
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
        o.*, b.value as base, m.* exclude (instrument, version, score_id), t.*,
        case m.mic_unit when 'percent' then m.mic_value / 100 * b.value else m.mic_value end as mic,
        abs(b.value - m.best) as room,
    from observed as o
    left join selected as b
        on b.visit = 'BASELINE' and b.enrolment_no = o.enrolment_no and b.instrument = o.instrument
        and b.version = o.version and b.score_id = o.score_id
    left join staging.outcome_score as m
        on m.instrument = o.instrument and m.version = o.version and m.score_id = o.score_id
    cross join threshold as t
),
improved as (
    select
        *,
        case when visit <> 'BASELINE' then aval - base end as chg,
        case
            when visit = 'BASELINE' then null
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
    e.clinic_id, e.participant_key, e.enrolment_no, e.enrolment_id, e.condition, e.condition_group,
    e.duration_band, e.modality, e.arm, e.setting,
    o.instrument, o.version, o.score_id, o.visit, o.visit_basis, o.ady, o.response_no, o.scored_by,
    o.is_due, o.base, o.aval, o.chg, o.improve,
    case when o.has_percent then 100 * o.chg / o.base end as pchg,
    o.mic_value, o.mic_unit, o.mic_source,
    case when o.improve is not null and o.mic is not null then
        o.is_better and o.reach >= o.mic and (o.mic_unit <> 'percent' or o.base > 0)
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
    o.ady < o.recall_days and o.visit <> 'BASELINE' as recall_overlap,
from paired as o
join staging.enrolment as e on e.enrolment_no = o.enrolment_no
