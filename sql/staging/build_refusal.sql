-- One row per record, or part of a record, that only the whole shows to be wrong: its person, its enrolment, its double.
-- key: file_key, line, part, rule_id
-- columns:
--   file_key   landed file
--   line       line in the export
--   part       questionnaire and visit of a refused part; empty: the record
--   name       canonical column to look at
--   rule_id    rule that refused it
with found as (
    select file_key, line, '' as part, outcome as rule_id from staging.enrolment_row
    union all
    select file_key, line, '' as part, outcome from staging.pause_row
    union all
    select file_key, line, '' as part, outcome from staging.session_outcome
    union all
    select file_key, line, '' as part, rule_id from staging.session_match_problem
    union all
    -- A wrong person or enrolment is wrong for the whole record, however many questionnaires it holds.
    select
        file_key,
        line,
        case when outcome = 'duplicate_key' then instrument || coalesce('@' || visit_label, '') else '' end as part,
        outcome
    from staging.response_row
)

select distinct
    file_key,
    line,
    part,
    case rule_id
        when 'unknown_participant' then 'participant_id'
        when 'duplicate_key' then ''
        else 'enrolment_id'
    end as name,
    rule_id
from found
where rule_id not in ('kept', 'superseded')
