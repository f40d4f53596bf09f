-- One row per thing that is wrong in the exports in force: a record, a part of one, or a cell; and whether it still matters.
-- What stands only in an export that a newer one has replaced is no problem any more: a snapshot behind the newest, a record
-- that a newer export brought again. So sending the corrected record, in its place or beside it, closes its problem.
-- key: file_key, line, part, column_name, rule_id
-- columns:
--   file_key     landed file
--   line         line in the export
--   part         questionnaire and visit; empty: the record
--   column_name  column of the export to look at
--   rule_id      rule
--   allowed      what the contract allows there
--   severity     what became of it: row, cell, response, file, or only a warning
--   cell         text of the cell; only to tell one problem from another, it never leaves the build
--   record_key   what the record is known by in every export; NULL: nothing
--   is_current   whether no newer export speaks for the record
with found as (
    select file_key, line, part, column_name, rule_id, allowed, severity, cell from landed.refused
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

distinct_cell as (
    select
        file_key, line, part, column_name, rule_id, any_value(allowed) as allowed, any_value(severity) as severity,
        any_value(cell) as cell
    from found
    group by file_key, line, part, column_name, rule_id
),

-- A record that was replaced is no problem any more; one that was refused has worse ones than a remark.
out_of_force as (
    select file_key, line, outcome = 'superseded' as is_replaced from staging.row_outcome
),

held as (
    select record.record_key, file.clinic_id, file.table_name, file.file_rank
    from staging.refused_record as record
    join staging.known_file as file on file.file_key = record.file_key
    union all
    select record_key, clinic_id, table_name, file_rank from staging.record_again
),

newest as (
    select record_key, clinic_id, table_name, min(file_rank) as file_rank
    from held
    group by record_key, clinic_id, table_name
)

select
    distinct_cell.file_key,
    distinct_cell.line,
    distinct_cell.part,
    distinct_cell.column_name,
    distinct_cell.rule_id,
    distinct_cell.allowed,
    distinct_cell.severity,
    distinct_cell.cell,
    record.record_key,
    not file.is_dropped
        and (out_of_force.line is null or not (out_of_force.is_replaced or distinct_cell.severity = 'warning'))
        and file.file_rank = coalesce(newest.file_rank, file.file_rank) as is_current
from distinct_cell
join staging.known_file as file on file.file_key = distinct_cell.file_key
left join staging.refused_record as record
    on record.file_key = distinct_cell.file_key and record.line = distinct_cell.line
left join newest
    on newest.record_key = record.record_key
    and newest.clinic_id = file.clinic_id
    and newest.table_name = file.table_name
left join out_of_force
    on out_of_force.file_key = distinct_cell.file_key and out_of_force.line = distinct_cell.line
