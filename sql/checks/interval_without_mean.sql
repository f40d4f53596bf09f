-- A 95 % interval that does not hold the figure to which it belongs.
-- The tolerance is for the last bits of a Wilson limit at 0 or 100 %.
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
            struct_pack(
                lo := pct_adherent80_ci_lo, figure := pct_adherent80,
                hi := pct_adherent80_ci_hi
            )
        ]) as told,
    from marts.mart_adherence
),

outcome as (
    select
        'mart_outcome' as mart,
        concat_ws(
            ' / ', level, condition, duration_band, modality, arm, setting, clinic_id,
            instrument, version, score_id, visit
        ) as cell,
        unnest([
            struct_pack(lo := change_ci_lo, figure := change_mean, hi := change_ci_hi),
            struct_pack(lo := improve_ci_lo, figure := improve_mean, hi := improve_ci_hi),
            struct_pack(lo := hl_ci_lo, figure := hl_median, hi := hl_ci_hi),
            struct_pack(lo := srm_ci_lo, figure := srm, hi := srm_ci_hi),
            struct_pack(lo := g_av_ci_lo, figure := g_av, hi := g_av_ci_hi),
            struct_pack(lo := sens_mi_ci_lo, figure := sens_mi_mean, hi := sens_mi_ci_hi),
            struct_pack(
                lo := pct_worse_mic_ci_lo, figure := pct_worse_mic, hi := pct_worse_mic_ci_hi
            ),
            struct_pack(
                lo := pct_resp_mic_pair_ci_lo, figure := pct_resp_mic_pair,
                hi := pct_resp_mic_pair_ci_hi
            ),
            struct_pack(
                lo := pct_resp_mic_due_ci_lo, figure := pct_resp_mic_due,
                hi := pct_resp_mic_due_ci_hi
            ),
            struct_pack(
                lo := pct_resp_mic_eligible_ci_lo, figure := pct_resp_mic_eligible,
                hi := pct_resp_mic_eligible_ci_hi
            ),
            struct_pack(
                lo := pct_resp_r30_pair_ci_lo, figure := pct_resp_r30_pair,
                hi := pct_resp_r30_pair_ci_hi
            ),
            struct_pack(
                lo := pct_resp_r30_due_ci_lo, figure := pct_resp_r30_due,
                hi := pct_resp_r30_due_ci_hi
            ),
            struct_pack(
                lo := pct_resp_r30_eligible_ci_lo, figure := pct_resp_r30_eligible,
                hi := pct_resp_r30_eligible_ci_hi
            ),
            struct_pack(
                lo := pct_resp_r50_pair_ci_lo, figure := pct_resp_r50_pair,
                hi := pct_resp_r50_pair_ci_hi
            ),
            struct_pack(
                lo := pct_resp_r50_due_ci_lo, figure := pct_resp_r50_due,
                hi := pct_resp_r50_due_ci_hi
            ),
            struct_pack(
                lo := pct_resp_r50_eligible_ci_lo, figure := pct_resp_r50_eligible,
                hi := pct_resp_r50_eligible_ci_hi
            )
        ]) as told,
    from marts.mart_outcome
),

told as (
    select mart, cell, told from adherence
    union all
    select mart, cell, told from outcome
)

select distinct mart, cell
from told
where told.figure not between told.lo - 1e-9 and told.hi + 1e-9
order by mart, cell
