-- One row per cell: people, and the quartiles of the measures by linear interpolation. Quantiles
-- depend on the set of values alone; people are counted apart only where one has several
-- enrolments.
-- key: cell_no
-- columns:
--   cell_no                cell
--   n_persons              distinct people behind the enrolments
--   adherence_quartiles    quartiles of adherence_capped
--   minutes_quartiles      quartiles of minutes_adherence_capped
--   dose_quartiles         quartiles of dose_minutes
--   rdi_median             median of rdi
select
    cell.cell_no,
    count(*) filter (where stratum.n_of_person = 1)
        + count(distinct case when stratum.n_of_person > 1 then adherence.participant_key end) as n_persons,
    quantile_cont(adherence.adherence_capped, [0.25, 0.5, 0.75]) filter (where cell.is_judged)
        as adherence_quartiles,
    quantile_cont(adherence.minutes_adherence_capped, [0.25, 0.5, 0.75]) filter (where cell.is_judged)
        as minutes_quartiles,
    quantile_cont(adherence.dose_minutes, [0.25, 0.5, 0.75]) filter (where cell.is_judged)
        as dose_quartiles,
    quantile_cont(adherence.rdi, 0.5) filter (where cell.is_judged) as rdi_median
from facts.fct_adherence as adherence
join staging.adherence_stratum as stratum on stratum.enrolment_no = adherence.enrolment_no
join staging.adherence_cell as cell on cell.stratum_no = stratum.stratum_no
where adherence.programme_state <> 'planned'
group by cell.cell_no
