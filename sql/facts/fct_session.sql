-- One row per logged session that belongs to an enrolment, counted or not, with the reason. One
-- streaming hash join over the landed logs: no sort and no window, so that ten million rows pass in
-- little memory. Sessions that belong to nobody are in staging.session_match_problem.
-- key: file_key, line
-- scale: participant_key
-- columns:
--   clinic_id           clinic that prescribed the programme
--   enrolment_id        enrolment of the session
--   enrolment_no        internal number of the enrolment
--   participant_key     pseudonym of the person
--   ady                 study day of the local date: 1 = start, -1 the day before; NULL without a start
--   programme_week      1 = days 1 to 7; NULL before the start
--   minutes             length as logged; NULL: not logged
--   status              completed, partial, skipped or entered_in_error
--   is_counted          whether it is a session of the programme: in time, done, long enough
--   not_counted_reason  entered_in_error, not_completed, after_as_of, no_start_date, pre_start, post_end, partial or too_short
--   is_active           in time and done for any length: counts for dose, initiation and persistence
--   minutes_missing     completed without a length; it is counted all the same
--   log_source          device, app_realtime, app_recalled, paper_diary or clinician
--   supervised          whether someone supervised it
--   pain_pre            pain before the session, 0-10
--   pain_post           pain after the session, 0-10
--   is_recalled         logged from memory, by its log source or its lag; NULL: not known
--   source_id           source of the log
--   file_key            landed file of the log
--   line                line of the session in its export
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

placed as (
    select
        session.*,
        plan.clinic_id as plan_clinic_id,
        plan.enrolment_id as plan_enrolment_id,
        plan.enrolment_no,
        plan.as_of_date,
        plan.end_day,
        plan.counted_from_ms as first_counted_from_ms,
        cast(session.local_date - plan.start_date as integer) as days_in,
        cast(case when days_in >= 0 then days_in // 7 + 1 end as integer) as programme_week,
        cast(round(session.minutes * 60000) as bigint) as minutes_ms,
        epoch(session.recorded_at) - coalesce(
            epoch(session.ended_at),
            epoch(session.started_at) + 60 * coalesce(session.minutes, 0)
        ) as lag_seconds
    from staging.session as session
    join staging.session_match as match
        on match.participant_key = session.participant_key
        and match.named_enrolment_id = coalesce(session.enrolment_id, '')
        and match.from_date <= session.local_date
        and match.to_date >= session.local_date
    join staging.adherence_plan as plan on plan.enrolment_no = match.enrolment_no
),

judged as (
    select
        placed.*,
        case
            when changed_week.enrolment_no is null then placed.first_counted_from_ms
            else changed_week.counted_from_ms
        end as shortest_ms,
        case
            when placed.status = 'entered_in_error' then 'entered_in_error'
            when placed.status = 'skipped' then 'not_completed'
            when placed.local_date > placed.as_of_date then 'after_as_of'
            when placed.days_in is null then 'no_start_date'
            when placed.days_in < 0 then 'pre_start'
            when placed.days_in >= placed.end_day then 'post_end'
            when placed.status = 'partial'
                and (placed.minutes_ms is null or shortest_ms is null) then 'partial'
            when placed.minutes_ms < shortest_ms then 'too_short'
        end as not_counted_reason
    from placed
    left join changed_week
        on changed_week.enrolment_no = placed.enrolment_no
        and changed_week.programme_week = placed.programme_week
)

select
    judged.plan_clinic_id as clinic_id,
    judged.plan_enrolment_id as enrolment_id,
    judged.enrolment_no,
    judged.participant_key,
    judged.days_in + case when judged.days_in >= 0 then 1 else 0 end as ady,
    judged.programme_week,
    judged.minutes,
    judged.status,
    judged.not_counted_reason is null as is_counted,
    judged.not_counted_reason,
    coalesce(judged.not_counted_reason in ('partial', 'too_short'), true)
        and (judged.status = 'completed' or coalesce(judged.minutes_ms > 0, false)) as is_active,
    judged.status = 'completed' and judged.minutes is null as minutes_missing,
    judged.log_source,
    judged.supervised,
    judged.pain_pre,
    judged.pain_post,
    case
        when judged.log_source = 'app_recalled' then true
        when judged.lag_seconds is not null
            then judged.lag_seconds > policy.recalled_after_hours * 3600
        when judged.log_source is not null then false
    end as is_recalled,
    judged.source_id,
    judged.file_key,
    judged.line
from judged
cross join policy
