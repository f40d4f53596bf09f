-- One row per enrolment x score x visit that is due at the as-of date, answered or not.
-- The honest denominator: a score that a clinic uses for a condition is due for all its enrolments of
-- that condition. Baseline and end (EOP, FU1W) are always due once their window has closed, any other
-- visit if the clinic uses it for that score. A visit known by label only, which no window of the plan
-- covers, is due for everyone enrolled in that clinic and duration band.
-- key: enrolment_no, instrument, version, score_id, visit
-- columns:
--   enrolment_no  enrolment
--   instrument    questionnaire
--   version       its version
--   score_id      score of the questionnaire
--   visit         analysis visit
with score_in_use as (
    select distinct e.clinic_id, e.condition, c.instrument, c.version, c.score_id,
    from staging.outcome_candidate as c
    join staging.enrolment as e on e.enrolment_no = c.enrolment_no
),
visit_in_use as (
    select distinct
        e.clinic_id, e.duration_band, c.instrument, c.version, c.score_id, c.visit, c.visit_basis,
    from staging.outcome_candidate as c
    join staging.enrolment as e on e.enrolment_no = c.enrolment_no
    where c.reason_not_selected is null
),
expected as (
    select
        e.enrolment_no, e.clinic_id, e.duration_band, u.instrument, u.version, u.score_id,
        coalesce(o.has_long_recall, false) as has_long_recall,
        coalesce(o.is_change_score, false) as is_change_score,
    from staging.enrolment as e
    join score_in_use as u on u.clinic_id = e.clinic_id and u.condition = e.condition
    left join staging.outcome_score as o
        on o.instrument = u.instrument and o.version = u.version and o.score_id = u.score_id
    where e.start_date is null or e.start_date <= e.as_of_date
),
by_window as (
    select x.enrolment_no, x.instrument, x.version, x.score_id, w.visit,
    from expected as x
    join staging.outcome_window as w on w.enrolment_no = x.enrolment_no
    where w.is_closed
        and not (w.visit = 'BASELINE' and x.is_change_score)
        and not (w.visit = 'EOP' and x.has_long_recall and x.duration_band = 'w1_3')
        and (
            w.visit in ('BASELINE', 'EOP', 'FU1W')
            or exists (
                select 1 from visit_in_use as u
                where u.clinic_id = x.clinic_id and u.visit = w.visit
                    and u.instrument = x.instrument and u.version = x.version
                    and u.score_id = x.score_id
            )
        )
),
by_label as (
    select x.enrolment_no, x.instrument, x.version, x.score_id, u.visit,
    from expected as x
    join visit_in_use as u
        on u.clinic_id = x.clinic_id and u.duration_band = x.duration_band
        and u.instrument = x.instrument and u.version = x.version and u.score_id = x.score_id
    left join staging.outcome_window as w on w.enrolment_no = x.enrolment_no and w.visit = u.visit
    where u.visit_basis = 'label'
        and w.visit is null
        and u.visit not in (select visit from ref.window)
        and not (u.visit = 'EOP' and x.has_long_recall and x.duration_band = 'w1_3')
)
select enrolment_no, instrument, version, score_id, visit from by_window
union all
select enrolment_no, instrument, version, score_id, visit from by_label
