-- One row per landed session whose natural key occurs more than once: all that identity has to look at.
-- Repeats inside a file are known since it was read. Between files only those are compared that could share a key:
-- exports of one source that gives ids, and exports of one clinic whose days overlap.
-- key: file_no, line
-- columns:
--   file_no   landed session file
--   line      line in the export
with span as (
    select
        file.file_key,
        file.session_file_no as file_no,
        file.clinic_id,
        file.source_id,
        min(day.day) as first_day,
        max(day.day) as last_day,
        bool_or(name.name = 'session_id') as has_ids
    from landed.file as file
    join landed.session_day as day on day.file_key = file.file_key
    left join landed.column_name as name on name.file_key = file.file_key
    group by all
),

suspect as (
    select distinct a.file_no
    from span as a
    join span as b
        on b.clinic_id = a.clinic_id
        and b.file_no <> a.file_no
        and (
            (a.has_ids and b.source_id = a.source_id)
            or (a.first_day <= b.last_day and b.first_day <= a.last_day)
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
    from landed.session
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
