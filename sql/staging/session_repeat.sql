-- One row per session key that occurs more than once, as a hash: the only rows that identity has to look at.
-- Ten million keys are counted, never sorted. Bare dates repeat by nature; session_outcome tells them apart by ordinal.
-- key: key_hash
-- columns:
--   key_hash  hash of the natural key
select
    case
        when session_id is null then hash(participant_key, enrolment_id, started_at, local_date)
        else hash(clinic_id, source_id, session_id)
    end as key_hash
from landed.session
group by key_hash
having count(*) > 1
