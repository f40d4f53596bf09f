-- One row per enrolment: the measures of implementation, dose and initiation in the units of their
-- columns. Sevenths and milliseconds end here; every comparison with a threshold is made on exact
-- numbers before.
-- as: view
-- key: enrolment_no
-- columns:
--   enrolment_no                  internal number of the enrolment
--   expected_to_date              sessions due to date
--   sessions_to_date              counted sessions to date
--   capped_to_date                counted sessions to date, at most those due in each week
--   adherence_capped              capped_to_date / expected_to_date
--   adherence_uncapped            sessions_to_date / expected_to_date
--   completed                     single sessions: 1 = done in time, 0 = not
--   adherent80                    capped sessions reach the threshold share of those due
--   minutes_expected_to_date      minutes due to date
--   minutes_to_date               minutes done to date
--   minutes_capped_to_date        minutes done to date, at most those due in each week
--   minutes_adherence_capped      capped minutes over those due
--   minutes_adherence_uncapped    minutes over those due
--   adherence_day_level           daily prescriptions: active days over the days asked for
--   expected_on_programme         expected_to_date of the weeks before the person left
--   adherence_while_on_programme  adherence_capped of those weeks
--   excess_minutes                minutes beyond those due, summed over matured weeks
--   initiated                     any active session; NULL: too early to say
--   observed_duration_weeks       first to last counted session
--   dose_minutes                  minutes of all active sessions to date
--   dose_sessions                 counted sessions to date, the running week included
--   rdi                           dose_minutes per week elapsed over the weekly minutes prescribed on day 1
--   prescribed_total              sessions prescribed over the whole term
--   is_done                       a single session that was done, or whose days are over
--   no_weeks                      0 where the enrolment has weeks to count, else NULL
--   null_reason                   why there is no adherence
--   minutes_null_reason           why there is no minutes adherence
with
measured as (
    select
        measure.*,
        policy.threshold,
        measure.null_reason is null as is_known,
        measure.minutes_null_reason is null as is_minutes_known,
        case when measure.least_per_week >= policy.daily_from then measure.active_days * 7 end as daily_7
    from staging.adherence_measure as measure
    cross join staging.adherence_policy as policy
)

select
    enrolment_no,
    cast(case
        when is_known then expected_7 / 7
        when null_reason in ('not_matured', 'excused', 'not_observed', 'single_not_due') then 0
    end as decimal(18, 9)) as expected_to_date,
    cast(case when has_calendar then coalesce(sessions, 0) end as integer) as sessions_to_date,
    cast(case when is_known then capped_7 / 7 end as decimal(18, 9)) as capped_to_date,
    case when is_known then cast(capped_7 as double) / cast(expected_7 as double) end as adherence_capped,
    case when is_known then 7.0 * sessions / cast(expected_7 as double) end as adherence_uncapped,
    cast(case when is_single and has_calendar then capped_7 / 7 end as integer) as completed,
    case when is_known then capped_7 >= threshold * expected_7 end as adherent80,
    case when is_minutes_known then cast(minutes_due_7 as double) / 420000 end as minutes_expected_to_date,
    case when has_calendar then minutes_ms / 60000 end as minutes_to_date,
    case when is_minutes_known then cast(minutes_capped_7 as double) / 420000 end
        as minutes_capped_to_date,
    case when is_minutes_known then cast(minutes_capped_7 as double) / nullif(cast(minutes_due_7 as double), 0) end
        as minutes_adherence_capped,
    case when is_minutes_known then cast(7 * minutes_ms as double) / nullif(cast(minutes_due_7 as double), 0) end
        as minutes_adherence_uncapped,
    case when is_known then daily_7 / nullif(cast(days_due_7 as double), 0) end as adherence_day_level,
    cast(case when is_known and not is_single then coalesce(on_due_7, 0) / 7 end as decimal(18, 9))
        as expected_on_programme,
    case when is_known then cast(on_capped_7 as double) / nullif(cast(on_due_7 as double), 0) end
        as adherence_while_on_programme,
    cast(excess_ms_7 as double) / 420000 as excess_minutes,
    case
        when not has_calendar then null
        when first_active_day is not null then true
        when as_of_day > first_silent_days then false
    end as initiated,
    observed_days / 7 as observed_duration_weeks,
    case when has_calendar and not is_dose_unknown then dose_ms / 60000 end as dose_minutes,
    cast(case when has_calendar then dose_sessions end as integer) as dose_sessions,
    case when has_calendar and not is_single and not is_dose_unknown
        then cast(7 * dose_ms as double) / nullif(cast(dose_due_7 as double), 0) end as rdi,
    prescribed_total,
    is_done,
    no_weeks,
    null_reason,
    minutes_null_reason
from measured
