-- A score that stands for two things in one mart: no cell may pool them, and the margins pool all.
-- Rows of mart_outcome are kept apart by version; what a version does not tell apart is told here:
-- definition, T-score table, EQ-5D value set (also one that a source used and did not name).
-- key: instrument, version, score_id
-- columns:
--   instrument  questionnaire
--   version     its version
--   score_id    score of the questionnaire
--   mixed       what differs among the responses that serve a visit
with served as (
    select
        o.instrument, o.version, o.score_id, s.version as scored_version, s.definition_sha256,
        coalesce(s.t_table_version, '') as t_table_version, coalesce(s.value_set, '') as value_set,
    from facts.fct_outcome as o
    join facts.fct_score as s
        on s.response_no = o.response_no and s.instrument = o.instrument and s.score_id = o.score_id
),

counted as (
    select
        instrument, version, score_id,
        count(*) filter (where scored_version is distinct from version) as n_other_version,
        count(distinct definition_sha256) as n_definitions,
        count(distinct t_table_version) as n_t_tables,
        count(distinct value_set) as n_value_sets,
    from served
    group by instrument, version, score_id
)

select
    instrument, version, score_id,
    concat_ws(
        ', ',
        case when n_other_version > 0 then 'version' end,
        case when n_definitions > 1 then 'definition' end,
        case when n_t_tables > 1 then 'T-score table' end,
        case when n_value_sets > 1 then 'value set' end
    ) as mixed,
from counted
where n_other_version > 0 or n_definitions > 1 or n_t_tables > 1 or n_value_sets > 1
order by instrument, version, score_id
