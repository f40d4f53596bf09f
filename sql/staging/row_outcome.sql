-- One row per landed source record that brought nothing to the warehouse, and why.
-- A record stands if any canonical row of it stands; it is refused if one was refused and none stands.
-- key: file_key, line
-- columns:
--   file_key  landed file
--   line      line in the export
--   outcome   superseded, or the rule that refused it
with part as (
    select file_key, line, outcome from staging.enrolment_row
    union all
    select file_key, line, outcome from staging.response_row
    union all
    select file_key, line, outcome from staging.pause_row
),

record as (
    select
        file_key,
        line,
        coalesce(
            min(outcome) filter (where outcome not in ('kept', 'superseded')),
            'superseded'
        ) as outcome
    from part
    group by file_key, line
    having count(*) filter (where outcome = 'kept') = 0
)

select file_key, line, outcome from record
union all
select file_key, line, outcome from staging.session_outcome
union all
select file_key, line, rule_id from staging.session_match_problem
