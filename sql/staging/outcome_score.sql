-- One row per score of a questionnaire: what the outcome arithmetic needs to know about it.
-- key: instrument, version, score_id
-- columns:
--   instrument       questionnaire
--   version          its version
--   score_id         score of the questionnaire
--   direction        higher_worse or higher_better
--   best             best possible score
--   percent_change   percent change has a meaning (true zero)
--   percent_from     smallest baseline from which it has
--   recall_days      days that the questions look back
--   has_long_recall  looks back so far that the end of a programme under 4 weeks is too early
--   is_change_score  asks for the change itself, so it has no baseline
--   mic_value        smallest change that patients notice, as configured
--   mic_unit         points, or percent of baseline
--   mic_source       publication of that value
select
    s.instrument, s.version, s.score_id, s.direction,
    case s.direction when 'higher_worse' then s.range_lo when 'higher_better' then s.range_hi end as best,
    coalesce(i.percent_change, false) as percent_change,
    coalesce(i.percent_change_min_baseline, 0) as percent_from,
    i.recall_days,
    coalesce(i.recall_days >= p.value, false) as has_long_recall,
    not coalesce(i.has_baseline, true) as is_change_score,
    m.value as mic_value, m.unit as mic_unit, m.source as mic_source,
from ref.instrument_score as s
join ref.instrument as i on i.instrument = s.instrument and i.version = s.version
left join ref.instrument_mic as m
    on m.instrument = s.instrument and m.version = s.version and m.score_id = s.score_id
    and m.is_default
left join ref.policy as p on p.key = 'outcome.long_recall_days'
