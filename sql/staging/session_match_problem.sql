-- One row per session that cannot be given to an enrolment; it enters no figure.
-- key: file_key, line
-- columns:
--   file_key  landed file of the session
--   line      line of the session in its export
--   rule_id   unknown_participant, unknown_enrolment or ambiguous_enrolment
with problem as (
    select file_no, line, not_counted_reason
    from facts.fct_session_log
    where enrolment_no is null
)

select
    file.file_key,
    problem.line,
    case
        when problem.not_counted_reason = 'ambiguous' then 'ambiguous_enrolment'
        when session.participant_key in (select participant_key from staging.enrolment) then 'unknown_enrolment'
        else 'unknown_participant'
    end as rule_id
from problem
join staging.refused_session as session on session.file_no = problem.file_no and session.line = problem.line
join ref.session_file as file on file.file_no = problem.file_no
