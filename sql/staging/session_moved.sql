-- One row per session of a person who lives in another zone than the one that its export stood in with.
-- An instant with an offset stays and its day moves, a wall clock stays and its instant moves. Most clinics have none.
-- key: file_no, line
-- columns:
--   file_no          landed session file
--   line             line in the export
--   participant_key  pseudonym of the person
--   started_at       start, UTC
--   ended_at         end, UTC
--   recorded_at      when it was logged, UTC
--   local_date       local day of the start
--   time_flag        fold or gap: what the clock change made of the start as written
with strange as (
    select
        session.file_no,
        session.line,
        session.participant_key,
        session.started_at,
        session.ended_at,
        session.recorded_at,
        session.local_date,
        session.tz_source,
        home_zone.home_tz,
        case when session.tz_source = 'source' then timezone(session.tz, timezone('UTC', session.started_at)) end as start_wall,
        case when session.tz_source = 'source' then timezone(session.tz, timezone('UTC', session.ended_at)) end as end_wall,
        case
            when session.recorded_tz_source = 'source' then timezone(session.tz, timezone('UTC', session.recorded_at))
        end as recorded_wall
    from landed.session as session
    join staging.home_zone as home_zone
        on home_zone.participant_key = session.participant_key and home_zone.home_tz <> session.tz
    where session.tz_source <> 'row' and session.started_at is not null
)

select
    strange.file_no,
    strange.line,
    strange.participant_key,
    coalesce(started.instant, strange.started_at) as started_at,
    coalesce(ended.instant, strange.ended_at) as ended_at,
    coalesce(recorded.instant, strange.recorded_at) as recorded_at,
    case
        when strange.tz_source = 'offset'
            then cast(timezone(strange.home_tz, timezone('UTC', strange.started_at)) as date)
        else strange.local_date
    end as local_date,
    started.time_flag
from strange
left join staging.home_instant as started
    on started.home_tz = strange.home_tz and started.wall = strange.start_wall
left join staging.home_instant as ended
    on ended.home_tz = strange.home_tz and ended.wall = strange.end_wall
left join staging.home_instant as recorded
    on recorded.home_tz = strange.home_tz and recorded.wall = strange.recorded_wall
