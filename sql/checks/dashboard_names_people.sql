-- A column of dashboard.duckdb that could name a person or a day: only cells may be there.
-- key: table_name, column_name
-- columns:
--   table_name   table of dashboard.duckdb
--   column_name  the column that must not be there
select concat(schema_name, '.', table_name) as table_name, column_name
from duckdb_columns()
where
    database_name = 'dashboard'
    and (
        starts_with(column_name, 'participant')
        or starts_with(column_name, 'enrolment_')
        or column_name in ('ady', 'response_no', 'session_id', 'line', 'local_date', 'start_date')
    )
order by table_name, column_name
