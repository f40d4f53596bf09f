-- A share or mean in dashboard.duckdb behind or beside which stand from 1 to threshold - 1 people.
-- Written against the marts themselves: the table that drives the disclosure takes no part in it.
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
        unnest([
            struct_pack(shown := d.pct_initiated, n := a.n_initiated, total := a.n_enrolled),
            struct_pack(shown := d.pct_adherent80, n := a.n_adherent80, total := a.n_evaluable),
            struct_pack(shown := d.adherence_capped_mean, n := a.n_evaluable, total := null)
        ]) as told,
    from marts.mart_adherence as a
    join dashboard.marts.mart_adherence as d using (
        level, condition, duration_band, modality, arm, setting, clinic_id
    )
),

adherence_week as (
    select
        'mart_adherence_week' as mart,
        concat_ws(
            ' / ', level, condition, duration_band, modality, arm, setting, clinic_id,
            programme_week
        ) as cell,
        unnest([
            struct_pack(shown := d.pct_meeting_week, n := a.n_meeting_week, total := a.n_at_risk),
            struct_pack(shown := d.mean_sessions, n := a.n_at_risk, total := null)
        ]) as told,
    from marts.mart_adherence_week as a
    join dashboard.marts.mart_adherence_week as d using (
        level, condition, duration_band, modality, arm, setting, clinic_id,
        programme_week
    )
),

outcome as (
    select
        'mart_outcome' as mart,
        concat_ws(
            ' / ', level, condition, duration_band, modality, arm, setting, clinic_id,
            instrument, version, score_id, visit
        ) as cell,
        unnest([
            struct_pack(shown := d.pct_resp_mic_pair, n := a.n_resp_mic_pair, total := a.n_pair),
            struct_pack(shown := d.pct_resp_mic_due, n := a.n_resp_mic_due, total := a.n_due),
            struct_pack(
                shown := d.pct_resp_mic_eligible, n := a.n_resp_mic_eligible,
                total := a.n_eligible_resp
            ),
            struct_pack(shown := d.pct_resp_r30_pair, n := a.n_resp_r30_pair, total := a.n_pair),
            struct_pack(shown := d.pct_resp_r30_due, n := a.n_resp_r30_due, total := a.n_due),
            struct_pack(
                shown := d.pct_resp_r30_eligible, n := a.n_resp_r30_eligible,
                total := a.n_eligible_resp
            ),
            struct_pack(shown := d.pct_resp_r50_pair, n := a.n_resp_r50_pair, total := a.n_pair),
            struct_pack(shown := d.pct_resp_r50_due, n := a.n_resp_r50_due, total := a.n_due),
            struct_pack(
                shown := d.pct_resp_r50_eligible, n := a.n_resp_r50_eligible,
                total := a.n_eligible_resp
            ),
            struct_pack(shown := d.change_mean, n := a.n_pair, total := null),
            struct_pack(shown := d.improve_mean, n := a.n_pair, total := null),
            struct_pack(shown := d.p_primary, n := a.n_pair, total := null),
            struct_pack(shown := d.srm, n := a.n_pair, total := null),
            struct_pack(shown := d.pct_worse_mic, n := a.n_worse_mic, total := a.n_pair),
            struct_pack(shown := d.sens_bocf_mean, n := a.n_due_baseline, total := a.n_due),
            struct_pack(shown := d.visit_mean, n := a.n_visit, total := null)
        ]) as told,
    from marts.mart_outcome as a
    join dashboard.marts.mart_outcome as d using (
        level, condition, duration_band, modality, arm, setting, clinic_id,
        instrument, version, score_id, visit
    )
),

told as (
    select mart, cell, told from adherence
    union all
    select mart, cell, told from adherence_week
    union all
    select mart, cell, told from outcome
),

threshold as (
    select value from ref.policy where key = 'disclosure.threshold'
)

select distinct mart, cell
from told
cross join threshold as t
where
    told.shown is not null
    and (
        (told.n >= 1 and told.n < t.value)
        or (told.total - told.n >= 1 and told.total - told.n < t.value)
    )
order by mart, cell
