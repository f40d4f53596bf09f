"""The columns of the landed Parquet files. All files of a table have exactly these.

CONTRACT_VERSION is part of every landed file's key: raise it when a column, a type or the meaning of a rule
changes, and the next run lands everything again.
"""

import pyarrow as pa

CONTRACT_VERSION = "4"

PROVENANCE = ("clinic_id", "source_id", "file_key", "file_sha256")
_TEXT, _DAY, _INSTANT = pa.string(), pa.date32(), pa.timestamp("us")
_WORD = pa.dictionary(pa.int32(), pa.string())

_START: list[tuple[str, pa.DataType]] = [
    *[(name, _WORD) for name in PROVENANCE],
    ("line", pa.int64()),
    ("participant_key", _WORD),
]
_RESPONSE: list[tuple[str, pa.DataType]] = [
    *_START,
    ("response_id", _TEXT),
    ("enrolment_id", _TEXT),
    ("instrument", _WORD),
    ("version", _WORD),
    ("language", _WORD),
    ("coding_variant", _WORD),
    ("missing_option", _WORD),
    ("value_set", _WORD),
    ("completed_at", _INSTANT),
    ("local_date", _DAY),
    ("tz", _WORD),
    ("tz_source", _WORD),
    ("utc_offset_min", pa.int16()),
    ("status", _WORD),
    ("mode", _WORD),
    ("session_phase", _WORD),
    ("visit_label", _WORD),
    ("visit", _WORD),
]

LANDED: dict[str, pa.Schema] = {
    "enrolment": pa.schema([
        *_START,
        ("enrolment_id", _TEXT),
        ("condition_code", _WORD),
        ("start_date", _DAY),
        ("index_date", _DAY),
        ("plan_type", _WORD),
        ("duration_weeks", pa.int32()),
        ("duration_source", _WORD),
        ("sessions_per_week", pa.float64()),
        ("freq_basis", _WORD),
        ("minutes_per_session", pa.float64()),
        ("due_days", pa.int32()),
        ("setting", _WORD),
        ("technique", _WORD),
        ("body_site", _WORD),
        ("tool", _WORD),
        ("modality", _WORD),
        ("self_massage_share", pa.float64()),
        ("arm", _WORD),
        ("effective_from", _DAY),
        ("status", _WORD),
        ("status_date", _DAY),
        ("stop_reason", _WORD),
        ("sessions_reported", pa.int32()),
        ("birth_year", pa.int32()),
        ("age", pa.int32()),
        ("sex_at_birth", _WORD),
        ("gender", _WORD),
        ("language", _WORD),
        ("home_tz", _WORD),
        ("consent_research", pa.bool_()),
        ("consent_date", _DAY),
    ]),
    "session": pa.schema([
        *_START,
        ("session_id", _TEXT),
        ("enrolment_id", _TEXT),
        ("started_at", _INSTANT),
        ("ended_at", _INSTANT),
        ("local_date", _DAY),
        ("tz", _WORD),
        ("tz_source", _WORD),
        ("utc_offset_min", pa.int16()),
        ("minutes", pa.float64()),
        ("status", _WORD),
        ("technique", _WORD),
        ("body_site", _WORD),
        ("supervised", pa.bool_()),
        ("pain_pre", pa.float64()),
        ("pain_post", pa.float64()),
        ("log_source", _WORD),
        ("recorded_at", _INSTANT),
        ("recorded_tz_source", _WORD),
        ("adverse_event", _WORD),
        ("time_flag", _WORD),
    ]),
    "survey_response": pa.schema([*_RESPONSE, ("answers", pa.list_(pa.float64()))]),
    "score": pa.schema([*_RESPONSE, ("score_id", _WORD), ("value", pa.float64())]),
    "measure": pa.schema([
        *_START,
        ("measured_at", _INSTANT),
        ("local_date", _DAY),
        ("kind", _WORD),
        ("value", pa.float64()),
        ("unit", _WORD),
        ("site", _WORD),
        ("side", _WORD),
        ("device", _TEXT),
    ]),
    "pause": pa.schema([
        *_START,
        ("enrolment_id", _TEXT),
        ("from_date", _DAY),
        ("to_date", _DAY),
        ("reason", _TEXT),
        ("recorded_at", _INSTANT),
    ]),
    # Records that an export takes back, by their id in the source: sessions or survey responses.
    "deleted": pa.schema([
        *[(name, _WORD) for name in PROVENANCE],
        ("line", pa.int64()),
        ("record_id", _TEXT),
    ]),
}  # fmt: skip

# Lines of sessions whose natural key occurs more than once in their file: all that identity must look at there.
SESSION_REPEAT = pa.schema([("file_key", _WORD), ("line", pa.int64())])

# Lines of sessions that begin near, or overlap, another session of the same person in their file: whether two of them are
# one and the same is settled among these at build.
SESSION_NEAR = SESSION_REPEAT

# What was refused, cell by cell; `cell` is the offending text and stays in this restricted file.
REFUSED = pa.schema([
    ("file_key", _WORD),
    ("line", pa.int64()),
    ("column_name", _WORD),
    ("rule_id", _WORD),
    ("allowed", _WORD),
    ("part", _WORD),
    ("severity", _WORD),
    ("cell", _TEXT),
])  # fmt: skip

# What could be read of the natural key of a record that was refused; restricted like the refused cells.
REFUSED_RECORD = pa.schema([
    ("file_key", _WORD),
    ("line", pa.int64()),
    ("participant_key", _TEXT),
    ("record_id", _TEXT),
    ("enrolment_id", _TEXT),
    ("moment", _INSTANT),
    ("words", _TEXT),
])  # fmt: skip

ASIDE = {
    "refused": REFUSED,
    "refused_record": REFUSED_RECORD,
    "session_repeat": SESSION_REPEAT,
    "session_near": SESSION_NEAR,
}
