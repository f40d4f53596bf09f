-- One row per session that cannot be given to an enrolment; it enters no figure.
-- key: file_key, line
-- columns:
--   file_key  landed file of the session
--   line      line of the session in its export
--   rule_id   unknown_participant, unknown_enrolment or ambiguous_enrolment
select
    session.file_key,
    session.line,
    case
        when match.participant_key is not null then 'ambiguous_enrolment'
        when session.participant_key in (select participant_key from staging.enrolment)
            then 'unknown_enrolment'
        else 'unknown_participant'
    end as rule_id
from staging.session as session
left join staging.session_match as match
    on match.participant_key = session.participant_key
    and match.named_enrolment_id = coalesce(session.enrolment_id, '')
    and match.from_date <= session.local_date
    and match.to_date >= session.local_date
where match.enrolment_no is null
