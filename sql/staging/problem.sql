-- One row per problem that a clinic can mend, with its life over the builds: open ones, and those fixed of late.
-- A view: of millions of problems only names and lines are kept (staging.problem_line), the texts once for each kind.
-- as: view
-- key: problem_id
-- columns:
--   problem_id   stable name of the problem
--   clinic_id    clinic
--   source_id    source
--   table_name   canonical table
--   file_name    export file below the source's folder
--   file_key     landed file
--   line         physical line (JSON: element) on which the record starts
--   part         questionnaire and visit; empty: the whole record
--   column_name  column of the export to look at
--   rule_id      rule that is broken
--   severity     what became of it: row, cell, response, file, or only a warning
--   reason       what is wrong
--   fix          what to change
--   first_seen   day of the first build that had it
--   last_seen    day of the last build that had it
--   state        new, persisting or fixed
select
    problem.problem_id,
    kind.clinic_id,
    kind.source_id,
    kind.table_name,
    kind.file_name,
    kind.file_key,
    problem.line,
    kind.part,
    kind.column_name,
    kind.rule_id,
    kind.severity,
    kind.reason,
    kind.fix,
    problem.first_seen,
    kind.last_seen,
    problem.state
from staging.problem_line as problem
join staging.problem_kind as kind on kind.kind_no = problem.kind_no
union all
select
    before.problem_id,
    before.clinic_id,
    before.source_id,
    before.table_name,
    before.file_name,
    before.file_key,
    before.line,
    before.part,
    before.column_name,
    before.rule_id,
    before.severity,
    before.reason,
    before.fix,
    before.first_seen,
    before.last_seen,
    problem.state
from staging.problem_line as problem
join landed.problem_before as before on before.problem_id = problem.problem_id
where problem.state = 'fixed'
