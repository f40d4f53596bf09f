-- One row per enrolment: its clock (as-of day, last day), the dose of day 1 and the rules that
-- follow from them.
-- key: enrolment_no
-- columns:
--   enrolment_no         internal number of the enrolment
--   clinic_id            clinic that prescribed the programme
--   participant_key      pseudonym of the person
--   enrolment_id         enrolment, as named by the clinic or made from its natural key
--   start_date           day 1; NULL: no calendar
--   as_of_date           last complete day of the clinic's logs
--   as_of_day            programme day of as_of_date (1 = start); NULL without a start
--   is_single            whether one session was prescribed
--   weeks                weeks of a fixed term; NULL for single and open-ended plans
--   end_day              last programme day; NULL without an end
--   leave_day            programme day on which the person stopped or was lost; NULL: did not
--   competing_day        programme day of a withdrawal by the clinician or a death; NULL: none
--   belongs_to_date      last day on which the programme claims a session; NULL without an end
--   sessions_per_week    sessions per week on day 1
--   minutes_per_session  minutes per session on day 1
--   counted_from_ms      shortest session that counts, in milliseconds; NULL: minutes were not prescribed
--   n_versions           versions of the prescription that applied
--   prescribed_total     sessions prescribed over the whole term, before pauses; NULL if open-ended
--   gap_days             longest silence, in days, that is not a discontinuation
with
policy as (
    select
        cast(max(value) filter (where key = 'adherence.counted_share') as decimal(9, 6)) as counted_share,
        cast(max(value) filter (where key = 'adherence.due_days_default') as integer) as due_days,
        cast(max(value) filter (where key = 'adherence.gap_days') as decimal(9, 3)) as gap_days,
        cast(max(value) filter (where key = 'adherence.gap_days_short') as decimal(9, 3)) as gap_short,
        max(value) filter (where key = 'adherence.gap_short_below_weeks') as short_below_weeks,
        max(value) filter (where key = 'adherence.gap_due_intervals') as due_intervals
    from ref.policy
),

dose as (
    select
        enrolment_no,
        count(*) as n_versions,
        first(sessions_per_week order by version_no) as sessions_per_week,
        first(minutes_per_session order by version_no) as minutes_per_session,
        case
            when bool_and(sessions_per_week is not null and last_week is not null)
                then sum(sessions_per_week * (last_week - first_week + 1))
        end as prescribed_total
    from staging.adherence_version
    group by enrolment_no
),

clock as (
    select
        enrolment.*,
        enrolment.as_of_date - enrolment.start_date + 1 as as_of_day,
        enrolment.status_date - enrolment.start_date + 1 as status_day,
        enrolment.duration_band = 'single' as is_single,
        case when enrolment.duration_band <> 'single' and plan_type = 'fixed_term' then duration_weeks end
            as weeks,
        case
            when enrolment.duration_band = 'single' then coalesce(enrolment.due_days, policy.due_days)
            when plan_type = 'fixed_term' then 7 * duration_weeks
        end as end_day
    from staging.enrolment as enrolment
    cross join policy
)

select
    clock.enrolment_no,
    clock.clinic_id,
    clock.participant_key,
    clock.enrolment_id,
    clock.start_date,
    clock.as_of_date,
    cast(clock.as_of_day as integer) as as_of_day,
    clock.is_single,
    clock.weeks,
    clock.end_day,
    cast(case when clock.status in ('stopped_by_participant', 'stopped_by_clinician', 'lost')
        then clock.status_day end as integer) as leave_day,
    cast(case when clock.status = 'stopped_by_clinician' or clock.stop_reason = 'died'
        then clock.status_day end as integer) as competing_day,
    -- Least ignores NULL: an open-ended programme that was left ends on that day, for matching only.
    least(
        clock.start_date + clock.end_day - 1,
        case when clock.status not in ('planned', 'running') then clock.status_date end
    ) as belongs_to_date,
    dose.sessions_per_week,
    dose.minutes_per_session,
    cast(ceil(policy.counted_share * dose.minutes_per_session * 60000) as bigint) as counted_from_ms,
    coalesce(dose.n_versions, 0) as n_versions,
    case when clock.is_single then 1 else dose.prescribed_total end as prescribed_total,
    greatest(
        case when clock.weeks < policy.short_below_weeks then policy.gap_short else policy.gap_days end,
        cast(policy.due_intervals * 7 / nullif(dose.sessions_per_week, 0) as decimal(9, 3))
    ) as gap_days
from clock
cross join policy
left join dose on dose.enrolment_no = clock.enrolment_no
