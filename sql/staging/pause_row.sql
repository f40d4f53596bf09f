-- One row per landed pause, with its enrolment and what becomes of it.
-- key: file_key, line
-- columns:
--   file_key      landed file
--   line          line in the export
--   enrolment_no  enrolment that is paused; NULL: none could be told
--   from_date     first day
--   to_date       last day
--   recorded_at   when it was recorded
--   outcome       kept, superseded, duplicate_key, unknown_participant, unknown_enrolment or ambiguous_enrolment
with ranked as (
    select
        row.*,
        file_order.is_dropped,
        row_number() over place as place,
        first_value(row.file_key) over place as winner_file,
        first_value(row(row.to_date, row.reason, row.recorded_at)) over place
            is not distinct from row(row.to_date, row.reason, row.recorded_at) as is_identical
    from landed.pause as row
    join staging.file_order as file_order on file_order.file_key = row.file_key
    window place as (
        partition by row.clinic_id, row.participant_key, row.enrolment_id, row.from_date
        order by file_order.is_dropped, file_order.file_rank, row.line
    )
),

matched as (
    select
        ranked.file_key,
        ranked.line,
        count(enrolment.enrolment_no) as n_enrolments,
        min(enrolment.enrolment_no) as enrolment_no
    from ranked
    join staging.enrolment as enrolment
        on enrolment.participant_key = ranked.participant_key
        and (ranked.enrolment_id is null or ranked.enrolment_id = enrolment.enrolment_id)
    group by ranked.file_key, ranked.line
)

select
    ranked.file_key,
    ranked.line,
    matched.enrolment_no,
    ranked.from_date,
    ranked.to_date,
    ranked.recorded_at,
    case
        when ranked.is_dropped then 'superseded'
        when ranked.place > 1 and ranked.file_key = ranked.winner_file and not ranked.is_identical then 'duplicate_key'
        when ranked.place > 1 then 'superseded'
        when matched.n_enrolments = 1 then 'kept'
        when matched.n_enrolments > 1 then 'ambiguous_enrolment'
        when ranked.participant_key in (select participant_key from staging.enrolment) then 'unknown_enrolment'
        else 'unknown_participant'
    end as outcome
from ranked
left join matched on matched.file_key = ranked.file_key and matched.line = ranked.line
