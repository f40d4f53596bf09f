-- One row per landed session whose natural key may occur more than once: all that identity has to look at.
-- Repeats inside a file are known since it was read. Between files only those are compared that could share a key: exports of
-- one source that gives ids, and exports of one clinic that cover the same time. Whose zone was not the source's is
-- looked at in any case, since the keys were told before the zone was known; so is what was deleted.
-- key: file_no, line
-- columns:
--   file_no   landed session file
--   line      line in the export
with suspect as (
    select distinct a.file_no
    from staging.session_span as a
    join staging.session_span as b
        on b.clinic_id = a.clinic_id
        and b.file_no <> a.file_no
        and (
            (a.has_ids and b.source_id = a.source_id)
            or (a.first_day <= b.last_day and b.first_day <= a.last_day)
            or (a.first_start <= b.last_start and b.first_start <= a.last_start)
        )
),

keyed as (
    select
        file_no,
        line,
        case
            when session_id is null then hash(participant_key, enrolment_id, coalesce(started_at, local_date))
            else hash(clinic_id, source_id, session_id)
        end as key_hash
    from staging.session_placed
    where file_no in (select file_no from suspect)
),

repeated as (
    select key_hash
    from keyed
    group by key_hash
    having count(*) > 1
)

select file_no, line
from keyed
where key_hash in (select key_hash from repeated)
union
select file.session_file_no, repeat.line
from landed.session_repeat as repeat
join landed.file as file on file.file_key = repeat.file_key
union
select file_no, line
from landed.session
where participant_key in (select participant_key from staging.session_moved)
union
select session.file_no, session.line
from landed.session as session
join staging.deleted_record as deleted
    on deleted.record_id = session.session_id
    and deleted.clinic_id = session.clinic_id
    and deleted.source_id = session.source_id
