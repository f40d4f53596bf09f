-- One row per zone x wall clock that somebody who lives there wrote without a zone, with the instant that it means.
-- The source's zone had stood in for it. Like on the way in, of the two instants of an autumn night the earlier one is taken; a
-- time that the spring night skipped is read by the clock before the change. Both are flagged.
-- key: home_tz, wall
-- columns:
--   home_tz    IANA zone
--   wall       wall clock as written
--   instant    UTC
--   time_flag  fold: it happened twice; gap: it never happened; NULL: neither
with session as (
    select home_zone.home_tz, session.tz, unnest([
        case when session.tz_source = 'source' then session.started_at end,
        case when session.tz_source = 'source' then session.ended_at end,
        case when session.recorded_tz_source = 'source' then session.recorded_at end
    ]) as instant
    from landed.session as session
    join staging.home_zone as home_zone
        on home_zone.participant_key = session.participant_key and home_zone.home_tz <> session.tz
),

form as (
    select home_zone.home_tz, form.tz, form.completed_at as instant
    from (
        select participant_key, tz, tz_source, completed_at from landed.survey_response
        union all
        select participant_key, tz, tz_source, completed_at from landed.score
    ) as form
    join staging.home_zone as home_zone
        on home_zone.participant_key = form.participant_key and home_zone.home_tz <> form.tz
    where form.tz_source = 'source'
),

written as (
    select distinct home_tz, timezone(tz, timezone('UTC', instant)) as wall
    from (select home_tz, tz, instant from session union all select home_tz, tz, instant from form)
    where instant is not null
),

-- By the clock of the day before and of the day after: the same, except around a change.
reading as (
    select
        home_tz,
        wall,
        wall - (timezone(home_tz, timezone('UTC', wall - interval 1 day)) - (wall - interval 1 day)) as early,
        wall - (timezone(home_tz, timezone('UTC', wall + interval 1 day)) - (wall + interval 1 day)) as late,
        timezone(home_tz, timezone('UTC', early)) = wall as is_early,
        timezone(home_tz, timezone('UTC', late)) = wall as is_late
    from written
)

select
    home_tz,
    wall,
    case when is_late and not is_early then late else early end as instant,
    case
        when is_early and is_late and early <> late then 'fold'
        when not is_early and not is_late then 'gap'
    end as time_flag
from reading
