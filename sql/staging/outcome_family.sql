-- One row per member of the family of tests: one per cell of condition x duration band and domain.
-- Which test belongs to it is fixed before any change is seen: the primary visit, and of the scores of
-- a domain the first of the declared list that has enough pairs in the cell. Cells are kept or left
-- out by their number of pairs only, never by what came out; cells split further are not members,
-- because the same people would be tested again.
-- key: cell_no, domain
-- columns:
--   cell_no        cell
--   domain         what the score measures
--   score_no       primary score of the domain in this cell (staging.outcome_score)
--   visit_no       primary visit: end of programme, or the follow-up of a single session
--   declared_test  test declared for the score: t or wilcoxon
with policy as (
    select
        max(value) filter (where key = 'outcome.min_pairs_test') as min_pairs,
        max(text) filter (where key = 'outcome.primary_visit') as visit,
        max(text) filter (where key = 'outcome.primary_visit_single') as visit_single,
    from ref.policy
),
eligible as (
    select
        c.cell_no, s.domain, c.score_no, c.visit_no, s.declared_test,
        row_number() over (
            partition by c.cell_no, s.domain order by s.domain_rank, c.score_no
        ) as place,
    from staging.outcome_count as c
    join staging.outcome_cell_size as z on z.cell_no = c.cell_no
    join staging.outcome_score as s on s.score_no = c.score_no
    join staging.outcome_visit as v on v.visit_no = c.visit_no
    cross join policy as p
    where z.level = 'condition' and z.duration_band <> 'all'
        and z.modality = 'all' and z.arm = 'all' and z.setting = 'all' and z.clinic_id = 'all'
        and v.visit = case z.duration_band when 'single' then p.visit_single else p.visit end
        and s.domain is not null
        and c.n_pair >= p.min_pairs
)
select cell_no, domain, score_no, visit_no, declared_test
from eligible
where place = 1
