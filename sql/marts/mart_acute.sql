-- One row per cell x score that was rated before and after single sessions: change within a session.
-- Not comparable with a change to the end of programme: nothing but an hour lies between the two ratings. Each
-- person is one mean over the person's sessions, and people are what is counted: sessions of one person are
-- alike, and taking them for independent would make every interval too narrow. Wilcoxon is the declared test;
-- it and Hodges-Lehmann are made where a cell is not split further and holds enough people (`outcome.min_pairs_test`).
-- key: level, condition, duration_band, modality, arm, setting, clinic_id, instrument, version, score_id
-- columns:
--   level                    condition, group (of conditions) or all
--   condition                condition, its group, or all
--   duration_band            band of the prescribed duration, or all
--   modality                 modality, or all: not split by it
--   arm                      pathway or trial arm, or all: not split by it
--   setting                  setting, or all: not split by it
--   clinic_id                clinic, or all: not split by it
--   instrument               session_log: ratings of the log; else the questionnaire that was answered around sessions
--   version                  its version
--   score_id                 pain (0-10), or the score of the questionnaire
--   n_persons_active         people with any session of the programme
--   n_sessions_active        their sessions
--   n_persons                people with a session rated before and after: the n of every figure
--   n_sessions               their sessions so rated
--   pct_sessions_rated       in percent of n_sessions_active
--   change_mean              mean over people of their mean change, after minus before
--   improve_mean             the same with better counted as positive
--   improve_sd               standard deviation between people; NULL below two
--   improve_ci_lo            lower 95 percent limit of improve_mean by t
--   improve_ci_hi            upper 95 percent limit of improve_mean by t
--   hl_median                Hodges-Lehmann estimate over people; NULL also above `acute.rank_max_persons`
--   hl_ci_lo                 its lower 95 percent limit
--   hl_ci_hi                 its upper 95 percent limit
--   p_wilcoxon               two-sided p of no change, Wilcoxon over people: the declared test
--   p_t                      the same by Student's t: descriptive
--   p_holm                   p_wilcoxon adjusted after Holm over the family
--   q_bh                     p_wilcoxon adjusted after Benjamini and Hochberg over the family
--   family_id                family of tests to which it belongs: cells of condition x duration band; NULL: none
--   family_m                 members of the family
--   n_persons_room           people with a session that began with room to improve (`acute.room_from`)
--   n_sessions_room          such sessions
--   improve_room_mean        mean over people of their mean improvement in such sessions
--   improve_room_sd          its standard deviation
--   improve_room_ci_lo       lower 95 percent limit by t
--   improve_room_ci_hi       upper 95 percent limit by t
--   n_persons_worse          people whose mean change is for the worse
--   pct_persons_worse        in percent of n_persons
--   pct_persons_worse_ci_lo  lower Wilson limit
--   pct_persons_worse_ci_hi  upper Wilson limit
--   n_persons_any_worse      people with any session after which the rating was worse
--   n_sessions_worse         such sessions
--   mixed_improve_mean       sensitivity: mean with people as random intercepts (moment estimator)
--   mixed_improve_ci_lo      its lower 95 percent limit
--   mixed_improve_ci_hi      its upper 95 percent limit
--   icc                      share of the variance of a session's change that lies between people
--   design                   always uncontrolled_before_after
--   suppressed               whether figures are hidden; false here, decided by the disclosure step
--   suppression_reason       why; NULL here
--   release_id               release
--   as_of_date               as-of date of the clinic; of the latest clinic where clinic_id is all
with score as (
    select 'session_log' as instrument, '0-10' as version, 'pain' as score_id, -1 as sign
    union all
    select instrument, version, score_id, case direction when 'higher_better' then 1 else -1 end as sign
    from staging.outcome_score
)
select
    z.level, z.condition, z.duration_band, z.modality, z.arm, z.setting, z.clinic_id,
    i.instrument, i.version, i.score_id,
    i.n_persons_active, i.n_sessions_active, i.n_persons, i.n_sessions,
    100.0 * i.n_sessions / nullif(i.n_sessions_active, 0) as pct_sessions_rated,
    s.sign * i.improve_mean as change_mean,
    i.improve_mean, i.improve_sd, i.improve_ci_lo, i.improve_ci_hi,
    i.hl_median, i.hl_ci_lo, i.hl_ci_hi, i.p_wilcoxon, i.p_t, i.p_holm, i.q_bh,
    i.family_id, i.family_m,
    i.n_persons_room, i.n_sessions_room,
    i.improve_room_mean, i.improve_room_sd, i.improve_room_ci_lo, i.improve_room_ci_hi,
    i.n_persons_worse, i.pct_persons_worse, i.pct_persons_worse_ci_lo, i.pct_persons_worse_ci_hi,
    i.n_persons_any_worse, i.n_sessions_worse,
    i.mixed_improve_mean, i.mixed_improve_ci_lo, i.mixed_improve_ci_hi, i.icc,
    'uncontrolled_before_after' as design,
    false as suppressed,
    null::varchar as suppression_reason,
    r.release_id,
    coalesce(k.as_of_date, r.as_of_date) as as_of_date,
from staging.acute_inference as i
join staging.outcome_cell_size as z on z.cell_no = i.cell_no
left join score as s
    on s.instrument = i.instrument and s.version = i.version and s.score_id = i.score_id
left join ref.clinic as k on k.clinic_id = z.clinic_id
cross join ref.run as r
