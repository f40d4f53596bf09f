-- One row: the thresholds of adherence, as staging.adherence_amount needs them: a view in this catalog does not see ref.
-- key: threshold
-- columns:
--   threshold   share of the sessions due from which a person is adherent
--   daily_from  sessions per week from which a prescription is a daily one
select
    cast(max(value) filter (where key = 'adherence.threshold') as decimal(9, 6)) as threshold,
    max(value) filter (where key = 'adherence.daily_from_per_week') as daily_from
from ref.policy
