-- One row per problem: a source record, or a part of one, that was refused, and what to change. It never holds a value.
-- A problem that an earlier release had is persisting; one that is gone is kept once more as fixed.
-- key: problem_id
-- columns:
--   problem_id   stable name of the problem
--   clinic_id    clinic
--   source_id    source
--   table_name   canonical table
--   file_name    export file below the source's folder
--   line         physical line (JSON: element) on which the record starts
--   part         questionnaire and visit of a refused part; empty: the whole record
--   column_name  column of the export to look at
--   rule_id      rule that refused it
--   severity     row: the record; response: one questionnaire of it
--   reason       what is wrong
--   fix          what to change
--   first_seen   day of the first release that had it
--   last_seen    day of the last release that had it
--   state        new, persisting or fixed
with cell as (
    select file_key, line, part, column_name, rule_id, allowed from landed.refused
    union all
    select
        refusal.file_key,
        refusal.line,
        refusal.part,
        coalesce(name.export_name, refusal.name) as column_name,
        refusal.rule_id,
        '' as allowed
    from staging.build_refusal as refusal
    left join landed.column_name as name on name.file_key = refusal.file_key and name.name = refusal.name
),

problem as (
    select distinct
        md5(concat_ws(
            '|', file.clinic_id, file.source_id, file.file_name, cell.line, cell.part, cell.column_name, cell.rule_id
        )) as problem_id,
        file.clinic_id,
        file.source_id,
        file.table_name,
        file.file_name,
        cell.line,
        cell.part,
        cell.column_name,
        cell.rule_id,
        case when cell.part = '' then coalesce(rule.severity, 'row') else 'response' end as severity,
        replace(replace(coalesce(rule.reason, cell.rule_id), '{column}', cell.column_name), '{allowed}', cell.allowed) as reason,
        replace(coalesce(rule.fix, ''), '{column}', cell.column_name) as fix
    from cell
    join landed.file as file on file.file_key = cell.file_key
    left join ref.rule as rule on rule.rule_id = cell.rule_id
),

current_problem as (
    select
        problem.*,
        coalesce(before.first_seen, run.run_date) as first_seen,
        run.run_date as last_seen,
        case when before.problem_id is null then 'new' else 'persisting' end as state
    from problem
    cross join ref.run as run
    left join landed.problem_before as before
        on before.problem_id = problem.problem_id and before.state <> 'fixed'
),

fixed_problem as (
    select before.* replace ('fixed' as state)
    from landed.problem_before as before
    anti join problem on problem.problem_id = before.problem_id
    where before.state <> 'fixed'
),

listed as (
    select * from current_problem
    union all by name
    select * from fixed_problem
)

select
    problem_id,
    clinic_id,
    source_id,
    table_name,
    file_name,
    line,
    part,
    column_name,
    rule_id,
    severity,
    reason,
    fix,
    first_seen,
    last_seen,
    state
from listed
order by clinic_id, source_id, file_name, line, part, column_name, rule_id
