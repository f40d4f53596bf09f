-- One row per logged session in force, counted or not, with the reason: the narrow form that everything is counted from.
-- One streaming hash join over the landed logs, no sort and no window, only numbers and short codes: ten million rows are
-- written in seconds. Names and pseudonyms stand in facts.fct_session, which is a view over this. A session that belongs to
-- no enrolment stands here too, without enrolment_no: it is refused (staging.session_match_problem) and enters no figure.
-- key: file_no, line
-- scale: participant_key
-- columns:
--   enrolment_no        internal number of the enrolment; NULL: it belongs to none
--   file_no             landed session file (ref.session_file)
--   line                line of the session in its export
--   ady                 study day of the local date: 1 = start, -1 the day before; NULL without a start
--   minutes             length as logged; NULL: not logged
--   status              completed, partial, skipped or entered_in_error
--   not_counted_reason  as in facts.fct_session; of those without an enrolment: ambiguous (several could claim it), no_enrolment
--   is_active           in time and done for any length: counts for dose, initiation and persistence
--   log_source          device, app_realtime, app_recalled, paper_diary or clinician
--   supervised          whether someone supervised it
--   pain_pre            pain before the session, 0-10
--   pain_post           pain after the session, 0-10
--   is_recalled         logged from memory, by its log source or its lag; NULL: not known
--   time_flag           fold: its wall clock happened twice, the earlier was taken; gap: it never happened; NULL: neither
with
policy as (
    select max(value) filter (where key = 'session.recalled_after_hours') as recalled_after_hours
    from ref.policy
),

-- Only where a prescription changed does the dose of a week differ from that of day 1.
changed_week as (
    select enrolment_no, programme_week, counted_from_ms
    from staging.adherence_week
    where is_changing
),

place as (
    select
        match.participant_key,
        match.named_enrolment_id,
        match.from_date,
        match.to_date,
        match.enrolment_no,
        plan.start_date,
        plan.as_of_date,
        plan.end_day,
        plan.counted_from_ms
    from staging.session_match as match
    left join staging.adherence_plan as plan on plan.enrolment_no = match.enrolment_no
),

placed as (
    select
        session.*,
        place.participant_key is not null as is_claimed,
        place.enrolment_no,
        place.as_of_date,
        place.end_day,
        place.counted_from_ms as first_counted_from_ms,
        cast(session.local_date - place.start_date as integer) as days_in,
        cast(case when days_in >= 0 then days_in // 7 + 1 end as integer) as programme_week,
        cast(round(session.minutes * 60000) as bigint) as minutes_ms
    from staging.session as session
    left join place
        on place.participant_key = session.participant_key
        and place.named_enrolment_id = coalesce(session.enrolment_id, '')
        and place.from_date <= session.local_date
        and place.to_date >= session.local_date
),

judged as (
    select
        placed.*,
        case
            when changed_week.enrolment_no is null then placed.first_counted_from_ms
            else changed_week.counted_from_ms
        end as shortest_ms,
        case
            when placed.enrolment_no is null then case when placed.is_claimed then 'ambiguous' else 'no_enrolment' end
            when placed.status = 'entered_in_error' then 'entered_in_error'
            when placed.status = 'skipped' then 'not_completed'
            when placed.local_date > placed.as_of_date then 'after_as_of'
            when placed.days_in is null then 'no_start_date'
            when placed.days_in < 0 then 'pre_start'
            when placed.days_in >= placed.end_day then 'post_end'
            when placed.status = 'partial'
                and (placed.minutes_ms is null or shortest_ms is null) then 'partial'
            when placed.minutes_ms < shortest_ms then 'too_short'
        end as reason
    from placed
    left join changed_week
        on changed_week.enrolment_no = placed.enrolment_no
        and changed_week.programme_week = placed.programme_week
)

select
    judged.enrolment_no,
    judged.file_no,
    judged.line,
    judged.days_in + case when judged.days_in >= 0 then 1 else 0 end as ady,
    judged.minutes,
    cast(judged.status as enum('completed', 'partial', 'skipped', 'entered_in_error')) as status,
    cast(judged.reason as enum(
        'entered_in_error', 'not_completed', 'after_as_of', 'no_start_date', 'pre_start', 'post_end', 'partial', 'too_short',
        'ambiguous', 'no_enrolment'
    )) as not_counted_reason,
    coalesce(judged.reason in ('partial', 'too_short'), true)
        and (judged.status = 'completed' or coalesce(judged.minutes_ms > 0, false)) as is_active,
    cast(judged.log_source as enum('device', 'app_realtime', 'app_recalled', 'paper_diary', 'clinician')) as log_source,
    judged.supervised,
    judged.pain_pre,
    judged.pain_post,
    case
        when judged.log_source = 'app_recalled' then true
        when judged.recorded_at is not null and coalesce(judged.ended_at, judged.started_at) is not null
            then epoch(judged.recorded_at) - coalesce(
                epoch(judged.ended_at), epoch(judged.started_at) + 60 * coalesce(judged.minutes, 0)
            ) > policy.recalled_after_hours * 3600
        when judged.log_source in ('device', 'app_realtime', 'clinician') then false
    end as is_recalled,
    cast(judged.time_flag as enum('fold', 'gap')) as time_flag
from judged
cross join policy
