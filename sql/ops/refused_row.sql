-- One row per problem: a source record, a part or a cell of one, that was refused or noted, and what to change. It never holds a value.
-- A view: ops.problem holds the problems, ops.problem_kind the texts that many of them share.
-- A problem that an earlier build had is persisting; one that is gone is shown as fixed for some days (policy problem.fixed_days).
-- as: view
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
select
    problem.problem_id,
    kind.clinic_id,
    kind.source_id,
    kind.table_name,
    kind.file_name,
    problem.line,
    kind.part,
    kind.column_name,
    kind.rule_id,
    kind.severity,
    kind.reason,
    kind.fix,
    problem.first_seen,
    kind.last_seen,
    cast(problem.state as varchar) as state,
    problem.waived_until
from ops.problem as problem
join ops.problem_kind as kind on kind.kind_no = problem.kind_no
