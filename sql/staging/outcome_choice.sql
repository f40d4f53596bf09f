-- One row per enrolment x score x visit x response that could serve it, with why it does or does not: as numbers.
-- Selection: valid score nearest to the target day; then the later day, `completed` before `amended`,
-- the later instant, the larger response number. Baseline: the last valid score in its window, never
-- one after the first session, and one response is the baseline of one enrolment only (the nearest
-- start). Labels (no dates): the same without targets, then the later line of the export; a dated
-- score goes before a labelled one. A score outside all windows stays without a visit.
-- staging.outcome_candidate is this with names.
-- published
-- key: enrolment_no, response_no, score_no, visit_no
-- columns:
--   enrolment_no         enrolment
--   response_no          survey response
--   score_no             score of a questionnaire (staging.outcome_score)
--   visit_no             analysis visit (staging.outcome_visit); NULL: in no window
--   is_by_label          the clinic's label placed it, because dates are missing
--   ady                  study day; NULL where a label placed it
--   value                score
--   is_of_source         the total that the source computed
--   reason_not_selected  NULL: this one serves the visit; else why not
with rule as (
    select k.rule_no, o.score_no, o.is_change_score, o.has_long_recall,
    from staging.score_rule as k
    join staging.outcome_score as o
        on o.instrument = k.instrument and o.version = k.version and o.score_id = k.score_id
),
matched as (
    select
        m.enrolment_no, m.response_no, m.ady, l.visit_no as label_no, m.is_before_first_session,
        coalesce(r.status, 'completed') in ('completed', 'amended') as is_completed,
        s.plan_weeks, n.duration_band = 'w1_3' as is_short,
    from staging.response_match as m
    join staging.response as r on r.response_no = m.response_no
    join staging.outcome_stratum as s on s.enrolment_no = m.enrolment_no
    join staging.outcome_stratum_name as n on n.stratum_no = s.stratum_no
    left join staging.outcome_visit as l on l.visit = m.visit
    where r.session_phase is null
),
visited as (
    select
        m.*,
        coalesce(w.visit_no, m.label_no) as visit_no,
        m.ady is null as is_by_label,
        abs(m.ady - w.awtarget) as distance,
    from matched as m
    left join staging.plan_window as w
        on w.plan_weeks = m.plan_weeks and m.ady between w.awlo and w.awhi
),
judged as materialized (
    select
        v.enrolment_no, v.response_no, k.score_no, v.visit_no, v.is_by_label, v.ady, s.value,
        s.scored_by = 'source' as is_of_source, v.distance,
        case
            when v.visit_no is null then 'no_window'
            when not v.is_completed then 'not_completed'
            when s.value is null then 'no_valid_score'
            when v.visit_no = 0 and k.is_change_score then 'change_score_has_no_baseline'
            when v.visit_no = 0 and not v.is_before_first_session then 'after_first_session'
            when v.is_short and k.has_long_recall and e.visit_no is not null
                then 'recall_reaches_before_start'
        end as exclusion,
    from visited as v
    join facts.fct_score_figure as s on s.response_no = v.response_no
    join rule as k on k.rule_no = s.rule_no
    left join staging.outcome_visit as e on e.visit_no = v.visit_no and e.visit = 'EOP'
),
-- Only somebody with several programmes can have one baseline for two of them.
shared_baseline as (
    select response_no, score_no, min([distance, enrolment_no])[2] as owner_no,
    from judged
    where visit_no = 0 and not is_by_label and exclusion is null
        and enrolment_no in (
            select s.enrolment_no
            from staging.outcome_stratum as s
            where s.person_no in (
                select person_no from staging.outcome_stratum where person_no <> enrolment_no
            )
        )
    group by response_no, score_no
    having count(*) > 1
),
owned as materialized (
    select
        j.* exclude (exclusion),
        case
            when j.exclusion is null and j.visit_no = 0 and b.owner_no <> j.enrolment_no
                then 'baseline_of_other_enrolment'
            else j.exclusion
        end as exclusion,
    from judged as j
    left join shared_baseline as b on b.response_no = j.response_no and b.score_no = j.score_no
),
-- Hardly ever are there two for one visit: only those are put in order.
contested as (
    select enrolment_no, score_no, visit_no,
    from owned
    where exclusion is null
    group by enrolment_no, score_no, visit_no
    having count(*) > 1
),
passed_over as (
    select o.enrolment_no, o.response_no, o.score_no, o.visit_no,
    from owned as o
    join contested using (enrolment_no, score_no, visit_no)
    join staging.response as r on r.response_no = o.response_no
    where o.exclusion is null
    qualify row_number() over (
        partition by o.enrolment_no, o.score_no, o.visit_no
        order by
            o.is_by_label,
            case when o.visit_no = 0 then 0 else o.distance end,
            r.local_date desc nulls last,
            coalesce(r.status, 'completed') = 'amended',
            r.completed_at desc nulls last,
            case when o.is_by_label then r.line end desc nulls last,
            o.response_no desc
    ) > 1
)
select
    o.enrolment_no, o.response_no, o.score_no, o.visit_no, o.is_by_label, o.ady, o.value, o.is_of_source,
    case when p.response_no is not null then 'other_serves' else o.exclusion end as reason_not_selected,
from owned as o
left join passed_over as p using (enrolment_no, response_no, score_no, visit_no)
