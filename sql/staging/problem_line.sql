-- One row per problem that a clinic can mend, open or fixed of late: its name, its kind and its life over the builds.
-- It is known again by its record (else by source and cell), column and rule, so it keeps its name in a corrected export of
-- another name or order. The name is keyed with the clinic's secret: nobody can try values or days against it.
-- key: problem_id
-- columns:
--   problem_id  stable name of the problem
--   kind_no     kind of problem; NULL: fixed, its kind stands in landed.problem_before
--   line        physical line (JSON: element) on which the record starts; NULL: fixed
--   first_seen  day of the first build that had it; NULL: fixed
--   state       new, persisting or fixed
with
-- By the hash of what names a problem: two that share it are looked at again, so a chance meeting does no harm.
namesake as (
    select hash(cell.identity, kind.group_no) as name_hash
    from staging.problem_cell as cell
    join staging.problem_kind as kind on kind.kind_no = cell.kind_no
    group by name_hash
    having count(*) > 1
),

placed as not materialized (
    select cell.kind_no, cell.line, cell.identity, kind.group_no, kind.file_rank, hash(cell.identity, kind.group_no) as name_hash
    from staging.problem_cell as cell
    join staging.problem_kind as kind on kind.kind_no = cell.kind_no
),

-- Alike in all that names them: the first, the second, ... of them.
counted as (
    select kind_no, line, identity, 1 as place
    from placed
    where name_hash not in (select name_hash from namesake)
    union all
    select kind_no, line, identity, row_number() over (partition by group_no, identity order by file_rank, line)
    from placed
    where name_hash in (select name_hash from namesake)
),

name_of_kind as (
    select
        kind.kind_no,
        concat_ws('|', secret.secret, kind.clinic_id, kind.table_name) || '|' as before_identity,
        '|' || concat_ws('|', kind.part, kind.column_name, kind.rule_id) || '|' as after_identity
    from staging.problem_kind as kind
    left join landed.secret as secret on secret.clinic_id = kind.clinic_id
),

named as (
    select
        md5(concat(name.before_identity, counted.identity, name.after_identity, counted.place)) as problem_id,
        counted.kind_no,
        counted.line
    from counted
    join name_of_kind as name on name.kind_no = counted.kind_no
),

policy as (
    select value as fixed_days from ref.policy where key = 'problem.fixed_days'
)

select
    coalesce(named.problem_id, before.problem_id) as problem_id,
    named.kind_no,
    named.line,
    case
        when named.problem_id is null then before.first_seen
        when before.state <> 'fixed' then before.first_seen
        else run.run_date
    end as first_seen,
    case
        when named.problem_id is null then 'fixed'
        when before.state <> 'fixed' then 'persisting'
        else 'new'
    end as state
from named
full join landed.problem_before as before on before.problem_id = named.problem_id
cross join ref.run as run
where named.problem_id is not null
    or before.state <> 'fixed'
    or run.run_date - before.last_seen <= (select fixed_days from policy)
