-- One row per landed session with a problem, and what it is known by.
-- One pass over all sessions for the few: only what nearly every export fills is read here, the rest where it is missing.
-- key: file_no, line
-- columns:
--   file_no          landed session file
--   line             line in the export
--   participant_key  pseudonym of the person
--   session_id       the source's id; NULL: it has none
with
sought as (
    select file.session_file_no as file_no, refused.line
    from landed.refused as refused
    join landed.file as file on file.file_key = refused.file_key and file.session_file_no is not null
    where refused.severity <> 'row'
    union all
    select file_no, line from staging.session_outcome where outcome <> 'superseded'
    union all
    select file_no, line from facts.fct_session_log where enrolment_no is null
    union all
    select file.session_file_no, remark.line
    from staging.session_remark as remark
    join landed.file as file on file.file_key = remark.file_key
)

select file_no, line, participant_key, session_id
from landed.session
where (file_no, line) in (select file_no, line from sought)
