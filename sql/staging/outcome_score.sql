-- One row per score of a questionnaire: what the outcome arithmetic needs to know about it.
-- published
-- key: instrument, version, score_id
-- columns:
--   score_no         dense number of the score, in the order of the key
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
--   declared_test    test declared for its changes before any were seen: t or wilcoxon
--   domain           domain for which it may be the primary score; NULL: for none
--   domain_rank      its place among the scores of that domain; the first in use is the primary one
with listed as (
    select
        s.instrument, s.version, s.score_id, split_part(p.key, '.', 2) as domain,
        list_position(string_split(p.text, ' '), s.instrument || '.' || s.score_id) as domain_rank,
    from ref.instrument_score as s
    join ref.policy as p
        on list_contains(string_split(p.text, ' '), s.instrument || '.' || s.score_id)
    where p.key in (
        'primary.pain_intensity', 'primary.pain_interference', 'primary.pain_threshold',
        'primary.function', 'primary.stiffness', 'primary.sleep', 'primary.fatigue',
        'primary.anxiety', 'primary.depression', 'primary.stress', 'primary.well_being'
    )
),
-- A questionnaire of the user is in no list: its score, if it has but one, comes after all that are.
unlisted as (
    select
        s.instrument, s.version, min(s.score_id) as score_id, min(i.domain[1]) as domain,
        1000 as domain_rank,
    from ref.instrument_score as s
    join ref.instrument as i on i.instrument = s.instrument and i.version = s.version
    where s.direction is not null and coalesce(i.has_baseline, true)
        and s.instrument not in (select instrument from listed)
    group by s.instrument, s.version
    having count(*) = 1
),
ranked as (
    select instrument, version, score_id, domain, domain_rank from listed
    union all
    select instrument, version, score_id, domain, domain_rank from unlisted
)
select
    (row_number() over (order by s.instrument, s.version, s.score_id))::smallint as score_no,
    s.instrument, s.version, s.score_id, s.direction,
    case s.direction when 'higher_worse' then s.range_lo when 'higher_better' then s.range_hi end as best,
    coalesce(i.percent_change, false) as percent_change,
    coalesce(i.percent_change_min_baseline, 0) as percent_from,
    i.recall_days,
    coalesce(i.recall_days >= p.value, false) as has_long_recall,
    not coalesce(i.has_baseline, true) as is_change_score,
    m.value as mic_value, m.unit as mic_unit, m.source as mic_source,
    case when list_contains(string_split(t.text, ' '), s.method) then 't' else 'wilcoxon' end
        as declared_test,
    r.domain, r.domain_rank,
from ref.instrument_score as s
join ref.instrument as i on i.instrument = s.instrument and i.version = s.version
left join ref.instrument_mic as m
    on m.instrument = s.instrument and m.version = s.version and m.score_id = s.score_id
    and m.is_default
left join ref.policy as p on p.key = 'outcome.long_recall_days'
left join ref.policy as t on t.key = 'outcome.t_test_methods'
left join ranked as r
    on r.instrument = s.instrument and r.version = s.version and r.score_id = s.score_id
