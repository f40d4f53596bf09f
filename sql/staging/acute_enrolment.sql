-- One row per enrolment x score with at least one session that was rated before and after it.
-- The ratings of pain in the session log stand as score 0, besides those of questionnaires. Only sessions of the programme, done for any
-- length. Changes are added as whole millionths of a point, so that no sum depends on the order of the rows.
-- key: enrolment_no, score_no
-- columns:
--   enrolment_no      enrolment
--   score_no          0: pain in the session log; else score of a questionnaire (staging.outcome_score)
--   n_sessions        sessions rated before and after
--   improve_sum       sum of the changes, better counted as positive, in millionths of a point
--   improve_squares   sum of their squares, in the square of that
--   n_sessions_worse  sessions after which the rating was worse
--   n_sessions_room   sessions that began with room to improve (`acute.room_from` points from the best)
--   improve_sum_room  sum of their changes, in millionths of a point
with policy as (
    select cast(round(max(value) * 1000000) as bigint) as room_from
    from ref.policy
    where key = 'acute.room_from'
),
logged as (
    select
        enrolment_no,
        cast(round(pain_pre * 1000000) as bigint) as room,
        room - cast(round(pain_post * 1000000) as bigint) as improve,
    from facts.fct_session_log
    where is_active and enrolment_no is not null and pain_pre is not null and pain_post is not null
),
form as (
    select
        f.enrolment_no, f.score_no,
        cast(round(abs(f.pre - s.best) * 1000000) as bigint) as room,
        cast(round(
            case f.direction when 'higher_better' then f.post - f.pre else f.pre - f.post end * 1000000
        ) as hugeint) as improve,
    from staging.acute_form as f
    join staging.outcome_score as s on s.score_no = f.score_no
)
select
    enrolment_no, 0::smallint as score_no,
    count(*) as n_sessions,
    cast(sum(improve) as bigint) as improve_sum,
    cast(sum(improve * improve) as double) as improve_squares,
    count(*) filter (where improve < 0) as n_sessions_worse,
    count(*) filter (where room >= room_from) as n_sessions_room,
    cast(coalesce(sum(improve) filter (where room >= room_from), 0) as bigint) as improve_sum_room,
from logged
cross join policy
group by enrolment_no
union all
select
    enrolment_no, score_no,
    count(*) as n_sessions,
    cast(sum(improve) as bigint) as improve_sum,
    cast(sum(improve * improve) as double) as improve_squares,
    count(*) filter (where improve < 0) as n_sessions_worse,
    count(*) filter (where room >= room_from) as n_sessions_room,
    cast(coalesce(sum(improve) filter (where room >= room_from), 0) as bigint) as improve_sum_room,
from form
cross join policy
group by enrolment_no, score_no
