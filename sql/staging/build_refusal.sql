-- One row per record, part of a record, or file, that only the whole shows to be wrong or odd: its person, its enrolment, its
-- double, its unit. Warnings leave everything in force.
-- key: file_key, line, part, name, rule_id
-- columns:
--   file_key   landed file
--   line       line in the export; 0: the file
--   part       questionnaire and visit; empty: the record
--   name       canonical column to look at
--   rule_id    rule
--   allowed    what was found or allowed, for the reason
--   severity   file, row, response or warning
with found as (
    select file_key, line, '' as part, outcome as rule_id from staging.enrolment_row
    union all
    select file_key, line, '' as part, outcome from staging.pause_row
    union all
    select file_key, line, '' as part, outcome from staging.session_outcome
    union all
    select file_key, line, '' as part, rule_id from staging.session_match_problem
    union all
    select file_key, line, '' as part, rule_id from staging.session_remark
    union all
    select file_key, line, '' as part, rule_id from staging.enrolment_remark
    union all
    -- A wrong person or enrolment is wrong for the whole record, however many questionnaires it holds.
    select
        file_key,
        line,
        case when outcome = 'duplicate_key' then instrument || coalesce('@' || visit_label, '') else '' end as part,
        outcome
    from staging.response_row
),

placed as (
    select
        file_key,
        line,
        part,
        case rule_id
            when 'unknown_participant' then 'participant_id'
            when 'duplicate_key' then ''
            when 'far_before_start' then 'local_date'
            when 'overlapping_enrolments' then 'start_date'
            when 'retroactive_change' then ''
            else 'enrolment_id'
        end as name,
        rule_id,
        '' as allowed
    from found
    where rule_id not in ('kept', 'superseded')
    union all
    select file_key, line, part, name, 'total_mismatch' as rule_id, '' as allowed from staging.total_mismatch
    union all
    select file_key, 0 as line, '' as part, refused_column as name, refused_by as rule_id, refused_why as allowed
    from landed.refused_file
)

select distinct
    placed.file_key,
    placed.line,
    placed.part,
    placed.name,
    placed.rule_id,
    placed.allowed,
    case when placed.part <> '' and rule.severity = 'row' then 'response' else rule.severity end as severity
from placed
join ref.rule as rule on rule.rule_id = placed.rule_id
