-- One row per problem: a source record, a part or a cell of one, that was refused or noted, and what to change. It never holds a value.
-- A problem that an earlier build had is persisting; one that is gone is shown as fixed for some days (policy problem.fixed_days).
-- key: problem_id
-- columns:
--   problem_id    stable name of the problem
--   clinic_id     clinic
--   source_id     source
--   table_name    canonical table
--   file_name     export file below the source's folder
--   line          physical line (JSON: element) on which the record starts
--   part          questionnaire and visit of a refused part; empty: the whole record
--   column_name   column of the export to look at
--   rule_id       rule that refused it
--   severity      row: the record; response: one questionnaire of it; cell: only the cell; file: all of it; warning: nothing
--   reason        what is wrong
--   fix           what to change
--   first_seen    day of the first build that had it
--   last_seen     day of the last build that had it
--   state         new, persisting, fixed or waived
--   waived_until  last day of the waiver; NULL: not waived on the day of the build
with waived as (
    select problem.problem_id, max(waiver.until) as waived_until
    from staging.problem as problem
    cross join ref.run as run
    join landed.waiver as waiver
        on waiver.until >= run.run_date
        and problem.clinic_id = coalesce(waiver.clinic_id, problem.clinic_id)
        and problem.source_id = coalesce(waiver.source_id, problem.source_id)
        and problem.rule_id = coalesce(waiver.rule_id, problem.rule_id)
        and problem.problem_id = coalesce(waiver.problem_id, problem.problem_id)
    where problem.state <> 'fixed'
    group by problem.problem_id
)

select
    problem.problem_id,
    problem.clinic_id,
    problem.source_id,
    problem.table_name,
    problem.file_name,
    problem.line,
    problem.part,
    problem.column_name,
    problem.rule_id,
    problem.severity,
    problem.reason,
    problem.fix,
    problem.first_seen,
    problem.last_seen,
    case when waived.problem_id is null then problem.state else 'waived' end as state,
    waived.waived_until
from staging.problem as problem
left join waived on waived.problem_id = problem.problem_id
order by problem.clinic_id, problem.source_id, problem.file_name, problem.line, problem.part, problem.column_name, problem.rule_id
