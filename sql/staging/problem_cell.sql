-- One row per thing that is wrong in the exports in force and still matters: a record, a part of one, or a cell.
-- What stands only in an export that a newer one has replaced is no problem any more: a snapshot behind the newest, a record
-- that a newer export brought again. So sending the corrected record, in its place or beside it, closes its problem.
-- key: kind_no, line
-- columns:
--   kind_no   kind of problem
--   line      line in the export
--   identity  what it is known by in every export: its record, else its source and the text of the cell; it never leaves the build
with
found as not materialized (
    select file_key, line, part, column_name, rule_id, allowed, severity, cell
    from landed.refused
    union all by name
    select
        refusal.file_key,
        refusal.line,
        refusal.part,
        coalesce(name.export_name, refusal.name) as column_name,
        refusal.rule_id,
        refusal.allowed,
        refusal.severity,
        cast(null as varchar) as cell
    from staging.build_refusal as refusal
    left join landed.column_name as name on name.file_key = refusal.file_key and name.name = refusal.name
),

-- From here on by number: a kind is six texts. Not materialized, as above: there may be millions, and they are read in passing.
numbered as not materialized (
    select kind.key_no, kind.kind_no, found.line, found.cell
    from found
    join staging.problem_kind as kind
        on kind.file_key = found.file_key
        and kind.part is not distinct from found.part
        and kind.column_name is not distinct from found.column_name
        and kind.rule_id is not distinct from found.rule_id
        and kind.allowed is not distinct from found.allowed
        and kind.severity is not distinct from found.severity
),

told_twice as (
    select key_no, line
    from numbered
    group by key_no, line
    having count(*) > 1
),

distinct_cell as (
    select numbered.kind_no, numbered.line, numbered.cell
    from numbered
    anti join told_twice on told_twice.key_no = numbered.key_no and told_twice.line = numbered.line
    union all
    select min(numbered.kind_no), numbered.line, min(numbered.cell)
    from numbered
    join told_twice on told_twice.key_no = numbered.key_no and told_twice.line = numbered.line
    group by numbered.key_no, numbered.line
),

-- A record that was replaced is no problem any more; one that was refused has worse ones than a remark.
out_of_force as (
    select file.file_rank, record.line, record.outcome = 'superseded' as is_replaced
    from staging.row_outcome as record
    join (select distinct file_key, file_rank from staging.problem_kind) as file on file.file_key = record.file_key
)

select
    kind.kind_no,
    cell.line,
    coalesce('record ' || record.record_key, concat_ws(' ', 'cell', kind.source_id, cell.cell)) as identity
from distinct_cell as cell
join staging.problem_kind as kind on kind.kind_no = cell.kind_no and not kind.is_dropped
left join staging.refused_record as record on record.file_rank = kind.file_rank and record.line = cell.line
left join out_of_force on out_of_force.file_rank = kind.file_rank and out_of_force.line = cell.line
anti join staging.record_newer as newer
    on newer.record_key = record.record_key
    and newer.clinic_id = kind.clinic_id
    and newer.table_name = kind.table_name
    and newer.file_rank < kind.file_rank
where out_of_force.line is null or not (out_of_force.is_replaced or kind.severity = 'warning')
