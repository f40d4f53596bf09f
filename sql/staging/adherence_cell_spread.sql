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
with
-- Cells of the same people have the same quartiles: computed for one of them.
measured_cell as (
    select cell_no, stratum_no, is_judged
    from staging.adherence_cell
    where cell_no = like_cell_no
),

spread as (
    select
        cell.cell_no,
        count(*) filter (where member.n_of_person = 1)
            + count(distinct case when member.n_of_person > 1 then member.person_no end) as n_persons,
        quantile_cont(figure.adherence_capped, [0.25, 0.5, 0.75]) filter (where cell.is_judged)
            as adherence_quartiles,
        quantile_cont(figure.minutes_adherence_capped, [0.25, 0.5, 0.75]) filter (where cell.is_judged)
            as minutes_quartiles,
        quantile_cont(figure.dose_minutes, [0.25, 0.5, 0.75]) filter (where cell.is_judged)
            as dose_quartiles,
        quantile_cont(figure.rdi, 0.5) filter (where cell.is_judged) as rdi_median
    from facts.fct_adherence_figure as figure
    join staging.adherence_member as member on member.enrolment_no = figure.enrolment_no
    join measured_cell as cell on cell.stratum_no = member.stratum_no
    where figure.programme_state <> 'planned'
    group by cell.cell_no
)

select
    cell.cell_no,
    spread.n_persons,
    spread.adherence_quartiles,
    spread.minutes_quartiles,
    spread.dose_quartiles,
    spread.rdi_median
from (select distinct cell_no, like_cell_no from staging.adherence_cell) as cell
join spread on spread.cell_no = cell.like_cell_no
