-- One row per session that begins near, or while, another one of the same person lasts: all that merging has to look at.
-- Neighbours in one file are known since it was read. Between files only sessions of the time that both cover are compared; a
-- session lasts four hours at most (schemas/session.py). Whose zone was not the source's is looked at in any case.
-- key: file_no, line
-- columns:
--   file_no  landed session file
--   line     line in the export
with policy as (
    select max(value) filter (where key = 'session.same_start_minutes') as near_minutes from ref.policy
),

shared as (
    select distinct
        a.file_no,
        b.first_start - interval 4 hour as from_start,
        b.last_start + interval 4 hour as to_start
    from staging.session_span as a
    join staging.session_span as b on b.clinic_id = a.clinic_id and b.file_no <> a.file_no
    where a.first_start <= b.last_start + interval 4 hour and b.first_start - interval 4 hour <= a.last_start
    union all
    -- The readers note starts within 15 minutes (flows/steps/session_keys.py): beyond that, nothing is known yet.
    select span.file_no, span.first_start, span.last_start
    from staging.session_span as span
    join policy on policy.near_minutes > 15
),

exposed as (
    select
        session.file_no,
        session.line,
        hash(session.participant_key) as person,
        session.started_at as from_start,
        session.started_at + to_minutes(
            cast(ceil(greatest(policy.near_minutes, coalesce(session.minutes, 0))) as bigint)
        ) as to_start
    from landed.session as session
    cross join policy
    semi join shared
        on shared.file_no = session.file_no
        and session.started_at between shared.from_start and shared.to_start
    where session.status in ('completed', 'partial')
),

reached as (
    select
        file_no,
        line,
        coalesce(from_start <= max(to_start) over (before rows between unbounded preceding and 1 preceding), false) as touches,
        coalesce(
            lead(from_start) over before <= max(to_start) over (before rows between unbounded preceding and current row), false
        ) as is_touched
    from exposed
    window before as (partition by person order by from_start, file_no, line)
)

select file_no, line
from reached
where touches or is_touched
union
select file.session_file_no, near.line
from landed.session_near as near
join landed.file as file on file.file_key = near.file_key
union
select file_no, line
from landed.session
where participant_key in (select participant_key from staging.session_moved)
