-- One row per clinic x day on which any session was logged in an export in force.
-- key: clinic_id, day
-- columns:
--   clinic_id  clinic
--   day        local day
select distinct
    file.clinic_id,
    day.day
from landed.session_day as day
join landed.file as file on file.file_key = day.file_key
join staging.file_order as file_order on file_order.file_key = file.file_key
where not file_order.is_dropped
