-- One row per enrolment x score x visit x response that could serve it, with why it does or does not.
-- Selection: valid score nearest to the target day; then the later day, `completed` before `amended`,
-- the later instant, the larger response number. Baseline: the last valid score in its window, never
-- one after the first session, and one response is the baseline of one enrolment only (the nearest
-- start). Labels (no dates): the same without targets, then the later line of the export; a dated
-- score goes before a labelled one. A score outside all windows stays with visit NULL.
-- published
-- key: enrolment_no, response_no, score_id, visit
-- columns:
--   enrolment_no         enrolment
--   response_no          survey response
--   instrument           questionnaire
--   version              its version
--   score_id             score of the questionnaire
--   visit                analysis visit; NULL: in no window
--   visit_basis          `date` (study day in the window) or `label` (dates missing)
--   ady                  study day; NULL with visit_basis label
--   value                score
--   direction            higher_worse or higher_better
--   scored_by            who computed the score
--   reason_not_selected  NULL: this one serves the visit; else why not
with scored as (
    select
        m.enrolment_no, m.response_no, m.ady, m.visit as label, m.is_before_first_session,
        r.completed_at, r.local_date, r.line, coalesce(r.status, 'completed') as status,
        s.instrument, s.version, s.score_id, s.value, s.direction, s.scored_by,
        coalesce(o.has_long_recall, false) as has_long_recall,
        coalesce(o.is_change_score, false) as is_change_score,
    from staging.response_match as m
    join staging.response as r on r.response_no = m.response_no
    join facts.fct_score as s on s.response_no = m.response_no
    left join staging.outcome_score as o
        on o.instrument = s.instrument and o.version = s.version and o.score_id = s.score_id
    where r.session_phase is null
),
visited as (
    select
        s.*,
        coalesce(w.visit, s.label) as visit,
        case when s.ady is null then 'label' when w.visit is not null then 'date' end as visit_basis,
        abs(s.ady - w.awtarget) as distance,
    from scored as s
    left join staging.outcome_window as w
        on w.enrolment_no = s.enrolment_no and s.ady between w.awlo and w.awhi
),
judged as (
    select
        v.*,
        case
            when v.visit is null then 'no_window'
            when v.status not in ('completed', 'amended') then 'not_completed'
            when v.value is null then 'no_valid_score'
            when v.visit = 'BASELINE' and v.is_change_score then 'change_score_has_no_baseline'
            when v.visit = 'BASELINE' and not v.is_before_first_session then 'after_first_session'
            when v.visit = 'EOP' and v.has_long_recall and e.duration_band = 'w1_3'
                then 'recall_reaches_before_start'
        end as exclusion,
    from visited as v
    join staging.enrolment as e on e.enrolment_no = v.enrolment_no
),
baseline_owner as (
    select response_no, score_id, min([distance, enrolment_no])[2] as enrolment_no,
    from judged
    where visit = 'BASELINE' and visit_basis = 'date' and exclusion is null
    group by response_no, score_id
    having count(*) > 1
),
owned as (
    select
        j.* exclude (exclusion),
        case
            when j.exclusion is null and j.visit = 'BASELINE' and o.enrolment_no <> j.enrolment_no
                then 'baseline_of_other_enrolment'
            else j.exclusion
        end as exclusion,
    from judged as j
    left join baseline_owner as o on o.response_no = j.response_no and o.score_id = j.score_id
),
ranked as (
    select
        *,
        row_number() over (
            partition by enrolment_no, instrument, version, score_id, visit, exclusion is null
            order by
                visit_basis,
                case when visit = 'BASELINE' then 0 else distance end,
                local_date desc nulls last,
                status = 'amended',
                completed_at desc nulls last,
                case when ady is null then line end desc nulls last,
                response_no desc
        ) as place,
    from owned
)
select
    enrolment_no, response_no, instrument, version, score_id, visit, visit_basis, ady, value, direction,
    scored_by,
    case when exclusion is not null then exclusion when place > 1 then 'other_serves' end
        as reason_not_selected,
from ranked
