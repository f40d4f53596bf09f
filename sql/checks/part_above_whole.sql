-- A count of people that is larger than the count of which they are a part.
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
    from marts.mart_adherence
    where n_persons > n_enrolled
        or n_evaluable > n_enrolled
        or n_initiated > n_enrolled
        or n_finished + n_running > n_enrolled
        or n_adherent80 > n_evaluable
),

adherence_week as (
    select
        'mart_adherence_week' as mart,
        concat_ws(
            ' / ', level, condition, duration_band, modality, arm, setting, clinic_id,
            programme_week
        ) as cell,
    from marts.mart_adherence_week
    where n_meeting_week > n_at_risk
),

outcome as (
    select
        'mart_outcome' as mart,
        concat_ws(
            ' / ', level, condition, duration_band, modality, arm, setting, clinic_id,
            instrument, version, score_id, visit
        ) as cell,
    from marts.mart_outcome
    where n_persons > n_enrolled
        or n_due > n_enrolled
        or n_visit > n_enrolled
        or n_baseline > n_enrolled
        or n_followup > n_visit
        or n_pair > n_followup
        or n_pair > n_baseline
        or n_pair_due > n_pair
        or n_pair_due > n_due
        or n_due_baseline > n_due
        or n_due_baseline > n_baseline
        or greatest(n_zero, n_floor, n_eligible_resp) > n_pair
        or greatest(n_resp_mic_pair, n_resp_r30_pair, n_resp_r50_pair, n_worse_mic, n_pchg) > n_pair
        or greatest(n_resp_mic_due, n_resp_r30_due, n_resp_r50_due) > n_due
        or greatest(n_resp_mic_eligible, n_resp_r30_eligible, n_resp_r50_eligible) > n_eligible_resp
)

select mart, cell from adherence
union all
select mart, cell from adherence_week
union all
select mart, cell from outcome
order by mart, cell
