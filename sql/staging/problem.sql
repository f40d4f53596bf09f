-- One row per problem that a clinic can mend, with its life over the builds: open ones, and those fixed of late.
-- It is known again by its record (else by source and cell), column and rule, so it keeps its name in a corrected export of
-- another name or order. The name is keyed with the clinic's secret: nobody can try values or days against it.
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
with placed as (
    select
        cell.*,
        file.clinic_id,
        file.source_id,
        file.table_name,
        file.file_name,
        file.file_rank,
        coalesce('record ' || cell.record_key, concat_ws(' ', 'cell', file.source_id, cell.cell)) as identity
    from staging.problem_cell as cell
    join staging.known_file as file on file.file_key = cell.file_key
    where cell.is_current
),

named as (
    select
        placed.*,
        md5(concat_ws(
            '|', secret.secret, placed.clinic_id, placed.table_name, placed.identity, placed.part, placed.column_name,
            placed.rule_id,
            -- Alike in all of this: the first, the second, ... of them.
            row_number() over (
                partition by placed.clinic_id, placed.table_name, placed.identity, placed.part, placed.column_name, placed.rule_id
                order by placed.file_rank, placed.line)
        )) as problem_id
    from placed
    left join landed.secret as secret on secret.clinic_id = placed.clinic_id
),

known as (
    select problem_id, first_seen from landed.problem_before where state <> 'fixed'
),

open_problem as (
    select
        named.*,
        replace(replace(coalesce(rule.reason, named.rule_id), '{column}', named.column_name), '{allowed}', named.allowed)
            as reason,
        replace(coalesce(rule.fix, ''), '{column}', named.column_name) as fix,
        coalesce(known.first_seen, run.run_date) as first_seen,
        run.run_date as last_seen,
        case when known.problem_id is null then 'new' else 'persisting' end as state
    from named
    cross join ref.run as run
    left join ref.rule as rule on rule.rule_id = named.rule_id
    left join known on known.problem_id = named.problem_id
),

fixed_problem as (
    select before.* replace ('fixed' as state)
    from landed.problem_before as before
    cross join ref.run as run
    anti join named on named.problem_id = before.problem_id
    where before.state <> 'fixed'
        or run.run_date - before.last_seen <= (select value from ref.policy where key = 'problem.fixed_days')
),

listed as (
    select * from open_problem
    union all by name
    select * from fixed_problem
)

select
    problem_id, clinic_id, source_id, table_name, file_name, file_key, line, part, column_name, rule_id, severity, reason, fix,
    first_seen, last_seen, state
from listed
