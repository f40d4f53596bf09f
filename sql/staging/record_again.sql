-- One row per record that had not landed from one export and stands in a newer one of its clinic: whoever mended it need not touch the
-- older file. Only exports newer than such a record are looked at.
-- key: clinic_id, table_name, record_key
-- columns:
--   clinic_id   clinic
--   table_name  canonical table
--   record_key  what the record is known by in every export; it never leaves the build
--   file_rank   rank of the newest export that holds it
with
-- First by file: where no export is newer than one with such a record, no record is looked at.
refused_file as (
    select known.clinic_id, known.table_name, known.file_key, known.file_rank
    from staging.known_file as known
    where known.file_key in (select file_key from landed.refused_record)
),

newer as (
    select file.file_key, file.session_file_no as file_no, known.clinic_id, known.table_name, known.file_rank
    from landed.file as file
    join staging.known_file as known on known.file_key = file.file_key
    semi join refused_file
        on refused_file.clinic_id = known.clinic_id
        and refused_file.table_name = known.table_name
        and refused_file.file_rank > known.file_rank
),

older as (
    select refused_file.file_key, refused_file.file_rank
    from refused_file
    semi join newer
        on newer.clinic_id = refused_file.clinic_id
        and newer.table_name = refused_file.table_name
        and newer.file_rank < refused_file.file_rank
),

sought as (
    select distinct record.participant_key, record.record_id, refused.record_key
    from landed.refused_record as record
    join older on older.file_key = record.file_key
    join staging.refused_record as refused on refused.file_rank = older.file_rank and refused.line = record.line
),

found as (
    select
        file_key, participant_key, enrolment_id || coalesce(' ' || effective_from, '') as record_id,
        cast(null as varchar) as enrolment_id, cast(start_date as timestamp) as moment,
        concat_ws(' ', condition_code, coalesce(arm, 'none'), effective_from) as words
    from landed.enrolment
    where file_key in (select file_key from newer)
    union all by name
    select
        file_key, participant_key, source_id || ' ' || session_id as record_id, enrolment_id,
        coalesce(started_at, local_date) as moment, '' as words
    from landed.session
    where file_no in (select file_no from newer)
        and (
            participant_key in (select participant_key from sought)
            or source_id || ' ' || session_id in (select record_id from sought))
    union all by name
    select
        file_key, participant_key, source_id || ' ' || response_id as record_id, enrolment_id,
        coalesce(completed_at, local_date) as moment, '' as words
    from landed.survey_response
    where file_key in (select file_key from newer)
    union all by name
    select
        file_key, participant_key, source_id || ' ' || response_id as record_id, enrolment_id,
        coalesce(completed_at, local_date) as moment, '' as words
    from landed.score
    where file_key in (select file_key from newer)
    union all by name
    select
        file_key, participant_key, cast(null as varchar) as record_id, enrolment_id,
        cast(from_date as timestamp) as moment, '' as words
    from landed.pause
    where file_key in (select file_key from newer)
    union all by name
    select
        file_key, participant_key, cast(null as varchar) as record_id, cast(null as varchar) as enrolment_id,
        measured_at as moment, concat_ws(' ', kind, site, side) as words
    from landed.measure
    where file_key in (select file_key from newer)
),

keyed as (
    select
        newer.clinic_id,
        newer.table_name,
        newer.file_rank,
        coalesce(
            'id ' || found.record_id,
            concat_ws(' ', found.participant_key, found.enrolment_id, found.moment, found.words)
        ) as record_key
    from found
    join newer on newer.file_key = found.file_key
)

select clinic_id, table_name, record_key, min(file_rank) as file_rank
from keyed
where record_key in (select record_key from sought)
group by clinic_id, table_name, record_key
