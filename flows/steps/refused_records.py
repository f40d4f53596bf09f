"""What a refused record is known by, so that the same record is recognised in a corrected export.

A record that did not land is in no table; of it the way in keeps what could be read of its natural key, beside the refused
cells and under the same restriction: the person as a pseudonym, the source's id, the time. A record of which even that cannot
be read is known by its source and the offending cell alone (`sql/staging/problem.sql`).
"""

import polars as pl

# By table: the id that the source gives, the time by which a record without one is known, and what else tells records apart.
_IDS = {"enrolment": "enrolment_id", "session": "session_id", "survey": "response_id"}
_MOMENTS = {
    "enrolment": ("start_date",),
    "session": ("started_at", "local_date"),
    "survey": ("completed_at", "local_date"),
    "pause": ("from_date",),
    "measure": ("measured_at",),
}
_WORDS = {
    "enrolment": ("condition_code", "arm", "effective_from"),
    "measure": ("kind", "site", "side"),
}


def refused_records(
    rows: pl.DataFrame, refused: pl.Series, table: str, source_id: str
) -> pl.DataFrame:
    """One row per line of `refused` of which something identifying was read: `line`, `participant_id`, and the key's other parts."""
    found = rows.filter(pl.col("line").is_in(refused.unique().implode()))
    column = {name: _column(found, name) for name in (*_WORDS.get(table, ()), _IDS.get(table, ""))}
    record_id = column[_IDS.get(table, "")]
    if table == "enrolment":
        record_id = pl.concat_str(
            record_id, pl.concat_str(pl.lit(" "), column["effective_from"]).fill_null("")
        )
        column["arm"] = column["arm"].fill_null("none")
    else:
        record_id = pl.concat_str(pl.lit(f"{source_id} "), record_id)
    moments = [pl.col(n).cast(pl.Datetime("us")) for n in _MOMENTS[table] if n in found.columns]
    words = [column[name] for name in _WORDS.get(table, ())]
    parts = found.select(
        "line",
        "participant_id",
        record_id=record_id,
        enrolment_id=pl.lit(None, pl.String)
        if table == "enrolment"
        else _column(found, "enrolment_id"),
        moment=pl.coalesce(moments) if moments else pl.lit(None, pl.Datetime("us")),
        words=pl.concat_str(words, separator=" ", ignore_nulls=True) if words else pl.lit(""),
    )
    is_known = pl.col("record_id").is_not_null() | (
        pl.col("participant_id").is_not_null() & pl.col("moment").is_not_null()
    )
    return parts.filter(is_known)


def _column(rows: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String) if name in rows.columns else pl.lit(None, pl.String)
