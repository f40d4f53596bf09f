-- One row per session that is another one once more: the same session logged twice, or an interval that overlaps another.
-- The same: of one enrolment, begun within minutes of the one before it and as long (policy session.same_*). Overlapping ones
-- that are not the same become their union. Of those that belong together the best source is kept: device, app, clinician, app
-- from memory, paper, unknown; then the newest export, then the first line. Everything follows from the times themselves in
-- their order, so no order of files or rows matters. A length that is not known is a point in time.
-- key: file_no, line
-- columns:
--   file_no       landed session file of the one that is merged away
--   line          its line
--   kept_file_no  landed session file of the one that stands
--   kept_line     its line
--   reason        duplicate or overlap
--   started_at    start of the union, UTC; NULL: the kept one stands as it is
--   ended_at      end of the union, UTC
--   local_date    local day of its start
--   minutes       its length
with policy as (
    select
        60000000 * max(value) filter (where key = 'session.same_start_minutes') as near_us,
        60000000 * max(value) filter (where key = 'session.same_length_minutes') as alike_us
    from ref.policy
),

candidate as materialized (
    select
        suspect.file_no,
        suspect.line,
        suspect.local_date,
        match.enrolment_no,
        epoch_us(suspect.started_at) as start_us,
        cast(round(suspect.minutes * 60000) as bigint) * 1000 as length_us,
        start_us + coalesce(length_us, 0) as end_us,
        -- Source, export and line as one number, 4, 24 and 36 bits: the smallest is kept.
        coalesce(
            list_position(['device', 'app_realtime', 'clinician', 'app_recalled', 'paper_diary'], suspect.log_source), 6
        ) * 1152921504606846976 + file_order.file_rank * 68719476736 + suspect.line as preference
    from staging.session_suspect as suspect
    join ref.session_file as file on file.file_no = suspect.file_no
    join staging.file_order as file_order on file_order.file_key = file.file_key
    join staging.session_match as match
        on match.participant_key = suspect.participant_key
        and match.named_enrolment_id = coalesce(suspect.enrolment_id, '')
        and match.from_date <= suspect.local_date
        and match.to_date >= suspect.local_date
    anti join staging.session_identity as identity
        on identity.file_no = suspect.file_no and identity.line = suspect.line
    where suspect.is_near
        and suspect.started_at is not null
        and suspect.status in ('completed', 'partial')
        and match.enrolment_no is not null
),

compared as materialized (
    select
        candidate.*,
        coalesce(start_us - lag(start_us) over before <= policy.near_us, false)
            and coalesce(abs(length_us - lag(length_us) over before) <= policy.alike_us,
                length_us is null and lag(length_us) over before is null) as is_same,
        coalesce(lead(start_us) over before - start_us <= policy.near_us, false)
            and coalesce(abs(lead(length_us) over before - length_us) <= policy.alike_us,
                length_us is null and lead(length_us) over before is null) as is_next_same
    from candidate
    cross join policy
    window before as (partition by enrolment_no order by start_us, end_us, preference)
),

-- Only those with one that is the same before or after them need be numbered.
numbered as (
    select preference, enrolment_no, sum(cast(not is_same as integer)) over before as same_no
    from compared
    where is_same or is_next_same
    window before as (partition by enrolment_no order by start_us, end_us, preference rows unbounded preceding)
),

same as (
    select preference, min(preference) over (partition by enrolment_no, same_no) as same_as
    from numbered
),

chosen as materialized (
    select compared.*, coalesce(same.same_as, compared.preference) as same_as
    from compared
    left join same on same.preference = compared.preference
),

spread as (
    select
        *,
        coalesce(start_us < max(end_us) over (before rows between unbounded preceding and 1 preceding), false)
            or coalesce(start_us = lag(start_us) over before, false) as is_inside
    from chosen
    where preference = same_as
    window before as (partition by enrolment_no order by start_us, end_us, preference)
),

united as materialized (
    select *, sum(cast(not is_inside as integer)) over before as union_no
    from spread
    window before as (partition by enrolment_no order by start_us, end_us, preference rows unbounded preceding)
),

whole as (
    select
        enrolment_no,
        union_no,
        min(preference) as preference,
        arg_min(file_no, preference) as file_no,
        arg_min(line, preference) as line,
        case when count(*) > 1 then min(start_us) end as start_us,
        max(end_us) as end_us,
        arg_min(local_date, start_us) as local_date,
        count(length_us) > 0 as is_length_known
    from united
    group by enrolment_no, union_no
)

select
    chosen.file_no,
    chosen.line,
    whole.file_no as kept_file_no,
    whole.line as kept_line,
    case when chosen.preference = chosen.same_as then 'overlap' else 'duplicate' end as reason,
    make_timestamp(whole.start_us) as started_at,
    case when whole.start_us is not null then make_timestamp(whole.end_us) end as ended_at,
    case when whole.start_us is not null then whole.local_date end as local_date,
    case when whole.is_length_known then (whole.end_us - whole.start_us) / 60000000.0 end as minutes
from chosen
join united on united.preference = chosen.same_as
join whole on whole.enrolment_no = united.enrolment_no and whole.union_no = united.union_no
where chosen.preference <> whole.preference
