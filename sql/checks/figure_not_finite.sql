-- A figure that is infinite or not a number: a division by zero that looks like a result.
-- key: mart, cell
-- columns:
--   mart  mart that holds the offending row
--   cell  key of the offending row
with
adherence as (
    select
        'mart_adherence' as mart,
        concat_ws(
            ' / ', level, condition, duration_band, modality, arm, setting, clinic_id
        ) as cell,
        list_value(*columns('_(mean|median|sd|q1|q3|lo|hi|pooled)$|^pct_|_pct$')) as figures,
    from marts.mart_adherence
),

adherence_week as (
    select
        'mart_adherence_week' as mart,
        concat_ws(
            ' / ', level, condition, duration_band, modality, arm, setting, clinic_id,
            programme_week
        ) as cell,
        list_value(*columns('_(mean|median|sd|q1|q3|lo|hi|pooled)$|^pct_|_pct$')) as figures,
    from marts.mart_adherence_week
),

outcome as (
    select
        'mart_outcome' as mart,
        concat_ws(
            ' / ', level, condition, duration_band, modality, arm, setting, clinic_id,
            instrument, version, score_id, visit
        ) as cell,
        list_value(*columns('_(mean|median|sd|q1|q3|lo|hi|pooled)$|^pct_|_pct$|^p_(t|wilcoxon|primary|holm)$|^(q_bh|srm|g_av|rtm_expected)$')) as figures,
    from marts.mart_outcome
),

figure as (
    select mart, cell, figures from adherence
    union all
    select mart, cell, figures from adherence_week
    union all
    select mart, cell, figures from outcome
)

select mart, cell
from figure
where len(list_filter(figures, lambda f: not isfinite(cast(f as double)))) > 0
order by mart, cell
