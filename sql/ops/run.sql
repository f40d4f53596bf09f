-- One row: the run that built this release, and what became of the source records.
-- key: release_id
-- columns:
--   release_id       release
--   as_of_date       latest as-of date of the clinics
--   run_date         day of the run (UTC)
--   code_sha256      hash of the code that built it
--   n_files          export files in force
--   rows_read        source records
--   rows_accepted    of which at least one canonical row stands
--   rows_refused     of which every attempt failed
--   rows_superseded  replaced, deleted or repeated
--   rows_ignored     empty
select
    run.release_id,
    run.as_of_date,
    run.run_date,
    run.code_sha256,
    count(file.file_key) as n_files,
    cast(coalesce(sum(file.rows_read), 0) as bigint) as rows_read,
    cast(coalesce(sum(file.rows_accepted), 0) as bigint) as rows_accepted,
    cast(coalesce(sum(file.rows_refused), 0) as bigint) as rows_refused,
    cast(coalesce(sum(file.rows_superseded), 0) as bigint) as rows_superseded,
    cast(coalesce(sum(file.rows_ignored), 0) as bigint) as rows_ignored
from ref.run as run
left join ops.file as file on true
group by all
