-- One row per source record with a problem, and what it is known by in every export of its clinic, whatever file or line.
-- A record that landed is looked up; of one that did not, the way in noted what could be read of its key.
-- key: file_key, line
-- columns:
--   file_key    landed file
--   line        line in the export
--   record_key  the clinic's own id, else person and time; it never leaves the build
with problem_line as (
    select distinct file_key, line from landed.refused
    union
    select distinct file_key, line from staging.build_refusal
),

session_line as (
    select file.session_file_no as file_no, problem_line.line
    from problem_line
    join landed.file as file on file.file_key = problem_line.file_key
    where file.table_name = 'session'
),

found as (
    select
        file_key, line, participant_key, enrolment_id || coalesce(' ' || effective_from, '') as record_id,
        cast(null as varchar) as enrolment_id, cast(start_date as timestamp) as moment,
        concat_ws(' ', condition_code, coalesce(arm, 'none'), effective_from) as words
    from landed.enrolment
    where (file_key, line) in (select file_key, line from problem_line)
    union all by name
    select
        file_key, line, participant_key, source_id || ' ' || session_id as record_id, enrolment_id,
        coalesce(started_at, local_date) as moment, '' as words
    from landed.session
    where (file_no, line) in (select file_no, line from session_line)
    union all by name
    select
        file_key, line, participant_key, source_id || ' ' || response_id as record_id, enrolment_id,
        coalesce(completed_at, local_date) as moment, '' as words
    from landed.survey_response
    where (file_key, line) in (select file_key, line from problem_line)
    union all by name
    select
        file_key, line, participant_key, source_id || ' ' || response_id as record_id, enrolment_id,
        coalesce(completed_at, local_date) as moment, '' as words
    from landed.score
    where (file_key, line) in (select file_key, line from problem_line)
    union all by name
    select
        file_key, line, participant_key, cast(null as varchar) as record_id, enrolment_id,
        cast(from_date as timestamp) as moment, '' as words
    from landed.pause
    where (file_key, line) in (select file_key, line from problem_line)
    union all by name
    select
        file_key, line, participant_key, cast(null as varchar) as record_id, cast(null as varchar) as enrolment_id,
        measured_at as moment, concat_ws(' ', kind, site, side) as words
    from landed.measure
    where (file_key, line) in (select file_key, line from problem_line)
    union all by name
    select file_key, line, participant_key, record_id, enrolment_id, moment, words
    from landed.refused_record
)

select
    file_key,
    line,
    -- The first of several visits in one line: what else the line holds is told apart by its part.
    min(coalesce('id ' || record_id, concat_ws(' ', participant_key, enrolment_id, moment, words))) as record_key
from found
where record_id is not null or (participant_key is not null and moment is not null)
group by file_key, line
