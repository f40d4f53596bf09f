-- One row per landed source record that brought nothing to the warehouse, and why.
-- A record stands if any canonical row of it stands; it is refused if one was refused and none stands.
-- key: file_key, line
-- columns:
--   file_key  landed file
--   line      line in the export
--   outcome   superseded, or the rule that refused it
with
part as not materialized (
    select file_key, line, outcome from staging.enrolment_row
    union all
    select file_key, line, outcome from staging.response_row
    union all
    select file_key, line, outcome from staging.pause_row
),

-- The few with a row that does not stand; only of these it is asked whether another row of theirs does.
fallen as (
    select
        file_key,
        line,
        coalesce(min(outcome) filter (where outcome <> 'superseded'), 'superseded') as outcome
    from part
    where outcome <> 'kept'
    group by file_key, line
),

standing as (
    select file_key, line
    from part
    where outcome = 'kept' and (file_key, line) in (select file_key, line from fallen)
)

select fallen.file_key, fallen.line, fallen.outcome
from fallen
anti join standing on standing.file_key = fallen.file_key and standing.line = fallen.line
union all
select file_key, line, outcome from staging.session_outcome
union all
select file_key, line, rule_id from staging.session_match_problem
