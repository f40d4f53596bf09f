-- A cell for which two marts give different numbers of enrolments: one word must have one meaning.
-- key: mart, cell
-- columns:
--   mart  mart that holds the offending row
--   cell  key of the offending row
select
    'mart_outcome' as mart,
    concat_ws(
        ' / ', level, condition, duration_band, modality, arm, setting, clinic_id,
        instrument, version, score_id, visit
    ) as cell,
from marts.mart_outcome as outcome
left join marts.mart_adherence as adherence using (
    level, condition, duration_band, modality, arm, setting, clinic_id
)
where outcome.n_enrolled is distinct from adherence.n_enrolled
order by mart, cell
