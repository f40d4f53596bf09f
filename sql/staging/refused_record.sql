-- One row per source record with a problem, and what it is known by in every export of its clinic, whatever file or line.
-- A record that landed is looked up; of one that did not, the way in noted what could be read of its key.
-- key: file_rank, line
-- columns:
--   file_rank   export file, by its rank in staging.known_file
--   line        line in the export
--   record_key  the clinic's own id, else person and time; it never leaves the build
with
problem_line as (
    select file_key, line from landed.refused where file_key in (select file_key from landed.file where table_name <> 'session')
    union all
    select file_key, line from staging.build_refusal where file_key in (select file_key from landed.file where table_name <> 'session')
),

-- Hardly any export is without ids of its sessions, and then nothing more is read of them.
without_id as (
    select
        file.file_key, session.line, session.participant_key, cast(null as varchar) as record_id, session.enrolment_id,
        coalesce(session.started_at, session.local_date) as moment, '' as words
    from landed.session as session
    join (select file_no, line from staging.refused_session where session_id is null) as refused
        on refused.file_no = session.file_no and refused.line = session.line
    join landed.file as file on file.session_file_no = session.file_no
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
    from without_id
    union all by name
    select file_key, line, participant_key, record_id, enrolment_id, moment, words
    from landed.refused_record
),

keyed as (
    select
        file.file_rank,
        file.table_name,
        found.line,
        coalesce(
            'id ' || found.record_id,
            concat_ws(' ', found.participant_key, found.enrolment_id, found.moment, found.words)
        ) as record_key
    from found
    join staging.known_file as file on file.file_key = found.file_key
    where found.record_id is not null or (found.participant_key is not null and found.moment is not null)
)

select file.file_rank, session.line, 'id ' || file.source_id || ' ' || session.session_id as record_key
from staging.refused_session as session
join landed.file as landed on landed.session_file_no = session.file_no
join staging.known_file as file on file.file_key = landed.file_key
where session.session_id is not null
union all
select file_rank, line, record_key from keyed where table_name = 'session'
union all
-- The first of several visits in one line: what else the line holds is told apart by its part.
select file_rank, line, min(record_key) from keyed where table_name <> 'session' group by file_rank, line
