-- One row per person x named enrolment x stretch of days: the enrolment to which a session of these
-- days belongs. The stretches of a person do not overlap, so that joining the sessions to them is
-- one plain hash join and gives each session at most one enrolment. Most people have one enrolment
-- and one endless stretch.
-- key: participant_key, named_enrolment_id, from_date
-- columns:
--   participant_key     pseudonym of the person
--   named_enrolment_id  enrolment that the session names; empty: it names none
--   from_date           first day of the stretch
--   to_date             last day of the stretch
--   enrolment_no        enrolment of the session; NULL: several could claim it
with
enrolment as (
    select
        participant_key,
        enrolment_id,
        enrolment_no,
        start_date,
        belongs_to_date,
        count(*) over (partition by participant_key) as n_enrolments
    from staging.adherence_plan
),

breakpoint as (
    select distinct
        participant_key,
        unnest([date '0001-01-01', start_date, belongs_to_date + 1]) as from_date
    from enrolment
    where n_enrolments > 1
),

stretch as (
    select
        participant_key,
        from_date,
        coalesce(
            lead(from_date) over (partition by participant_key order by from_date) - 1,
            date '9999-12-31'
        ) as to_date
    from breakpoint
    where from_date is not null
),

claim as (
    select
        stretch.participant_key,
        stretch.from_date,
        stretch.to_date,
        enrolment.enrolment_no,
        enrolment.start_date,
        enrolment.start_date <= stretch.from_date as is_started,
        is_started and coalesce(enrolment.belongs_to_date >= stretch.to_date, true) as is_active
    from stretch
    join enrolment on enrolment.participant_key = stretch.participant_key
),

-- The start of the enrolments to choose from: the active ones, else the latest before, else the next.
choice as (
    select
        participant_key,
        from_date,
        bool_or(is_active) as is_any_active,
        coalesce(max(start_date) filter (where is_started), min(start_date)) as start_date
    from claim
    group by participant_key, from_date
),

owner as (
    select
        claim.participant_key,
        claim.from_date,
        claim.to_date,
        case when count(claim.enrolment_no) = 1 then max(claim.enrolment_no) end as enrolment_no
    from claim
    join choice on choice.participant_key = claim.participant_key and choice.from_date = claim.from_date
    where case when choice.is_any_active then claim.is_active
        else claim.start_date is not distinct from choice.start_date end
    group by claim.participant_key, claim.from_date, claim.to_date
),

named_enrolment as (
    select participant_key, enrolment_id, min(enrolment_no) as enrolment_no
    from enrolment
    where enrolment_id is not null
    group by participant_key, enrolment_id
)

select
    participant_key,
    '' as named_enrolment_id,
    date '0001-01-01' as from_date,
    date '9999-12-31' as to_date,
    enrolment_no
from enrolment
where n_enrolments = 1
union all
select participant_key, '', from_date, to_date, enrolment_no from owner
union all
select participant_key, enrolment_id, date '0001-01-01', date '9999-12-31', enrolment_no
from named_enrolment
