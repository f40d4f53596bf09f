-- One row per cell x score x visit: the counts of mart_outcome, all whole numbers.
-- Counted by stratum first: the cells are sums of strata, and sums of integers know no order.
-- key: cell_no, score_no, visit_no
-- columns:
--   cell_no              cell
--   score_no             score of a questionnaire (staging.outcome_score)
--   visit_no             analysis visit (staging.outcome_visit); 0: BASELINE
--   n_due                enrolments whose window has closed
--   n_visit              valid scores at this visit
--   n_visit_due          valid scores among the due
--   n_followup           valid scores after baseline (0 at BASELINE)
--   n_pair               enrolments with baseline and this visit
--   n_pair_due           pairs among the due
--   n_due_baseline       due with a valid baseline, answered or not (0 at BASELINE)
--   n_pchg               pairs with a percent change
--   n_eligible_resp      pairs that could respond: baseline at least the MIC away from the best score
--   n_floor              pairs whose baseline was already the best possible score
--   n_recall_overlap     scores whose recall period reaches back before the start
--   n_label              scores placed by the clinic's label because dates are missing
--   n_worse_mic          pairs worse by the MIC or more
--   n_resp_mic_pair      responders by MIC among the pairs
--   n_resp_mic_due       responders by MIC among the due
--   n_resp_mic_eligible  responders by MIC among the eligible pairs
--   n_resp_r30_pair      improved by 30 percent or more among the pairs
--   n_resp_r30_due       improved by 30 percent or more among the due
--   n_resp_r30_eligible  improved by 30 percent or more among the eligible pairs
--   n_resp_r50_pair      improved by 50 percent or more among the pairs
--   n_resp_r50_due       improved by 50 percent or more among the due
--   n_resp_r50_eligible  improved by 50 percent or more among the eligible pairs
--   scored_by            who computed the scores; `mixed` if both
with by_stratum as (
    select
        s.stratum_no, o.score_no, o.visit_no,
        count(*) filter (where o.is_due) as n_due,
        count(o.aval) as n_visit,
        count(o.aval) filter (where o.is_due) as n_visit_due,
        count(o.aval) filter (where o.visit_no <> 0) as n_followup,
        count(o.improve) as n_pair,
        count(o.improve) filter (where o.is_due) as n_pair_due,
        count(o.base) filter (where o.is_due and o.visit_no <> 0) as n_due_baseline,
        count(o.pchg) as n_pchg,
        count(o.improve) filter (where o.is_eligible_resp) as n_eligible_resp,
        count(o.improve) filter (where o.is_base_at_floor) as n_floor,
        count(*) filter (where o.is_worse_mic) as n_worse_mic,
        count(*) filter (where o.recall_overlap) as n_recall_overlap,
        count(*) filter (where o.is_by_label) as n_label,
        count(*) filter (where o.is_resp_mic) as n_resp_mic_pair,
        count(*) filter (where o.is_resp_mic and o.is_due) as n_resp_mic_due,
        count(*) filter (where o.is_resp_mic and o.is_eligible_resp) as n_resp_mic_eligible,
        count(*) filter (where o.is_resp30) as n_resp_r30_pair,
        count(*) filter (where o.is_resp30 and o.is_due) as n_resp_r30_due,
        count(*) filter (where o.is_resp30 and o.is_eligible_resp) as n_resp_r30_eligible,
        count(*) filter (where o.is_resp50) as n_resp_r50_pair,
        count(*) filter (where o.is_resp50 and o.is_due) as n_resp_r50_due,
        count(*) filter (where o.is_resp50 and o.is_eligible_resp) as n_resp_r50_eligible,
        count(*) filter (where o.is_of_source) as n_of_source,
        count(o.is_of_source) as n_scored,
    from facts.fct_outcome_figure as o
    join staging.outcome_stratum as s on s.enrolment_no = o.enrolment_no
    group by all
),
by_cell as (
    select
        c.cell_no, b.score_no, b.visit_no,
        sum(columns('^n_'))::bigint,
    from by_stratum as b
    join staging.outcome_cell as c on c.stratum_no = b.stratum_no
    group by c.cell_no, b.score_no, b.visit_no
),
-- 1 where a share has a meaning, else NULL: a responder count that nobody could reach is not zero.
meaning as (
    select
        score_no,
        case when mic_value is not null then 1 end as mic,
        case when percent_change then 1 end as percent,
    from staging.outcome_score
)
select
    c.cell_no, c.score_no, c.visit_no,
    c.n_due, c.n_visit, c.n_visit_due, c.n_followup, c.n_pair, c.n_pair_due, c.n_due_baseline,
    c.n_pchg,
    coalesce(m.mic, m.percent) * c.n_eligible_resp as n_eligible_resp,
    c.n_floor, c.n_recall_overlap, c.n_label,
    m.mic * c.n_worse_mic as n_worse_mic,
    m.mic * c.n_resp_mic_pair as n_resp_mic_pair,
    m.mic * c.n_resp_mic_due as n_resp_mic_due,
    m.mic * c.n_resp_mic_eligible as n_resp_mic_eligible,
    m.percent * c.n_resp_r30_pair as n_resp_r30_pair,
    m.percent * c.n_resp_r30_due as n_resp_r30_due,
    m.percent * c.n_resp_r30_eligible as n_resp_r30_eligible,
    m.percent * c.n_resp_r50_pair as n_resp_r50_pair,
    m.percent * c.n_resp_r50_due as n_resp_r50_due,
    m.percent * c.n_resp_r50_eligible as n_resp_r50_eligible,
    case when c.n_scored = 0 then null when c.n_of_source = 0 then 'followthrough'
        when c.n_of_source = c.n_scored then 'source' else 'mixed' end as scored_by,
from by_cell as c
left join meaning as m on m.score_no = c.score_no and c.visit_no <> 0
