-- One row per check of the gate that let this release pass; the same results as gate.json and checks.html of the release.
-- The gate looks at the finished file, so the table is made empty here and filled when the gate has spoken.
-- key: name
-- columns:
--   name         check: a file of sql/checks, a promise of a mart, or a source
--   what         what it looks for
--   kind         sql: across tables; expectation: the contract of one mart; source: what a source sent, and when
--   outcome      passed, failed, or crashed (which says nothing about the data)
--   n_offenders  rows or cells at fault; NULL: the check says only yes or no
--   is_blocking  whether a release must not be published with it
select
    cast(null as varchar) as name,
    cast(null as varchar) as what,
    cast(null as varchar) as kind,
    cast(null as varchar) as outcome,
    cast(null as bigint) as n_offenders,
    cast(null as boolean) as is_blocking
from ref.run
where false
