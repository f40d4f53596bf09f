-- One row per problem: the narrow form of ops.refused_row, which is a view over this and over ops.problem_kind.
-- key: problem_id
-- columns:
--   problem_id    stable name of the problem
--   kind_no       what is wrong, and where (ops.problem_kind)
--   line          physical line (JSON: element) on which the record starts
--   first_seen    day of the first build that had it
--   state         new, persisting, fixed or waived
--   waived_until  last day of the waiver; NULL: not waived on the day of the build
with
open_problem as (
    select problem.problem_id, kind.kind_no, kind.file_no, problem.line, problem.first_seen, problem.state
    from staging.problem_line as problem
    join ops.problem_kind as kind on kind.open_kind_no = problem.kind_no
),

fixed as (
    select before.*
    from staging.problem_line as problem
    join landed.problem_before as before on before.problem_id = problem.problem_id
    where problem.kind_no is null
),

fixed_problem as (
    select fixed.problem_id, kind.kind_no, kind.file_no, fixed.line, fixed.first_seen, 'fixed' as state
    from fixed
    join ops.problem_kind as kind
        on kind.is_fixed
        and kind.clinic_id is not distinct from fixed.clinic_id
        and kind.source_id is not distinct from fixed.source_id
        and kind.table_name is not distinct from fixed.table_name
        and kind.file_name is not distinct from fixed.file_name
        and kind.part is not distinct from fixed.part
        and kind.column_name is not distinct from fixed.column_name
        and kind.rule_id is not distinct from fixed.rule_id
        and kind.severity is not distinct from fixed.severity
        and kind.reason is not distinct from fixed.reason
        and kind.fix is not distinct from fixed.fix
        and kind.last_seen is not distinct from fixed.last_seen
),

waived as (
    select problem.problem_id, max(waiver.until) as waived_until
    from open_problem as problem
    cross join ref.run as run
    join ops.problem_kind as kind on kind.kind_no = problem.kind_no
    join landed.waiver as waiver
        on waiver.until >= run.run_date
        and kind.clinic_id = coalesce(waiver.clinic_id, kind.clinic_id)
        and kind.source_id = coalesce(waiver.source_id, kind.source_id)
        and kind.rule_id = coalesce(waiver.rule_id, kind.rule_id)
        and problem.problem_id = coalesce(waiver.problem_id, problem.problem_id)
    group by problem.problem_id
),

listed as (
    select * from open_problem
    union all
    select * from fixed_problem
)

select
    listed.problem_id,
    listed.kind_no,
    listed.line,
    listed.first_seen,
    cast(case when waived.problem_id is null then listed.state else 'waived' end
        as enum('new', 'persisting', 'fixed', 'waived')) as state,
    waived.waived_until
from listed
left join waived on waived.problem_id = listed.problem_id
order by listed.file_no, listed.line, listed.kind_no
