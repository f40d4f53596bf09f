-- One row per kind of problem in a file: the same rule broken in the same column, with what is told of it.
-- Millions of problems are of a few kinds: their texts are made and kept once.
-- key: kind_no
-- columns:
--   kind_no      dense number of the kind, in the order in which problems are listed
--   key_no       smallest kind_no of the same file, part, column and rule
--   group_no     the same number for all files of a clinic's table: same part, column and rule
--   file_key     export file
--   file_rank    rank of its age, 1 = newest
--   clinic_id    clinic
--   source_id    source
--   table_name   canonical table
--   file_name    export file below the source's folder
--   is_dropped   an older snapshot of a source that sends full exports
--   part         questionnaire and visit; empty: the whole record
--   column_name  column of the export to look at
--   rule_id      rule that is broken
--   allowed      what the contract allows there
--   severity     what became of it: row, cell, response, file, or only a warning
--   reason       what is wrong
--   fix          what to change
--   last_seen    day of this build
with
found as (
    select file_key, part, column_name, rule_id, allowed, severity
    from landed.refused
    union all by name
    select
        refusal.file_key,
        refusal.part,
        coalesce(name.export_name, refusal.name) as column_name,
        refusal.rule_id,
        refusal.allowed,
        refusal.severity
    from staging.build_refusal as refusal
    left join landed.column_name as name on name.file_key = refusal.file_key and name.name = refusal.name
),

kind as (
    select file_key, part, column_name, rule_id, allowed, severity
    from found
    group by file_key, part, column_name, rule_id, allowed, severity
),

numbered as (
    select
        kind.*,
        file.clinic_id,
        file.source_id,
        file.table_name,
        file.file_name,
        file.file_rank,
        file.is_dropped,
        cast(row_number() over (
            order by clinic_id, source_id, file_name, part, column_name, rule_id, file_rank, allowed, severity
        ) as integer) as kind_no
    from kind
    join staging.known_file as file on file.file_key = kind.file_key
)

select
    kind.kind_no,
    min(kind.kind_no) over (partition by kind.file_key, kind.part, kind.column_name, kind.rule_id) as key_no,
    min(kind.kind_no)
        over (partition by kind.clinic_id, kind.table_name, kind.part, kind.column_name, kind.rule_id) as group_no,
    kind.file_key,
    cast(kind.file_rank as integer) as file_rank,
    kind.clinic_id,
    kind.source_id,
    kind.table_name,
    kind.file_name,
    kind.is_dropped,
    kind.part,
    kind.column_name,
    kind.rule_id,
    kind.allowed,
    kind.severity,
    replace(replace(coalesce(rule.reason, kind.rule_id), '{column}', kind.column_name), '{allowed}', kind.allowed)
        as reason,
    replace(coalesce(rule.fix, ''), '{column}', kind.column_name) as fix,
    run.run_date as last_seen
from numbered as kind
cross join ref.run as run
left join ref.rule as rule on rule.rule_id = kind.rule_id
