-- One row per name of a visit: those of the analysis windows, and those that clinics put on forms without dates.
-- published
-- key: visit_no
-- columns:
--   visit_no  0 is BASELINE; the others from 1, in the order of their names
--   visit     name of the visit
with named as (
    select visit from ref.window
    union
    select visit from (values ('BASELINE'), ('EOP')) as always(visit)
    union
    select visit from staging.response_match where visit is not null
)
select
    (row_number() over (order by visit <> 'BASELINE', visit) - 1)::smallint as visit_no,
    visit,
from named
