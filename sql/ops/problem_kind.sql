-- One row per kind of problem in a file: what ops.refused_row tells of each of its problems alike.
-- key: kind_no
-- columns:
--   kind_no      dense number, in the order in which problems are listed within a file
--   file_no      dense number of the file, in the order in which files are listed
--   clinic_id    clinic
--   source_id    source
--   table_name   canonical table
--   file_name    export file below the source's folder
--   part         questionnaire and visit of a refused part; empty: the whole record
--   column_name  column of the export to look at
--   rule_id      rule that refused it
--   severity     row: the record; response: one questionnaire of it; cell: only the cell; file: all of it; warning: nothing
--   reason       what is wrong
--   fix          what to change
--   last_seen    day of the last build that had it
--   is_fixed     whether its problems are gone
--   open_kind_no  its number in staging.problem_kind; NULL: fixed
with
fixed as (
    select distinct
        before.clinic_id, before.source_id, before.table_name, before.file_name, before.part, before.column_name,
        before.rule_id, before.severity, before.reason, before.fix, before.last_seen
    from staging.problem_line as problem
    join landed.problem_before as before on before.problem_id = problem.problem_id
    where problem.kind_no is null
),

kind as (
    select
        clinic_id, source_id, table_name, file_name, part, column_name, rule_id, severity, reason, fix, last_seen,
        kind_no as open_kind_no
    from staging.problem_kind
    union all by name
    select * from fixed
)

select
    cast(row_number() over (
        order by
            clinic_id, source_id, file_name, part, column_name, rule_id,
            open_kind_no, table_name, severity, reason, fix, last_seen
    ) as integer) as kind_no,
    cast(dense_rank() over (order by clinic_id, source_id, file_name) as integer) as file_no,
    clinic_id,
    source_id,
    table_name,
    file_name,
    part,
    column_name,
    rule_id,
    severity,
    reason,
    fix,
    last_seen,
    open_kind_no is null as is_fixed,
    open_kind_no
from kind
