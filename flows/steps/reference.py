"""Parameters as tables: `ref.*` of a build, so that every SELECT can be pasted and run by an analyst."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from flows.steps.cells import Context
from flows.steps.ledger import Ledger
from flows.steps.score_ref import load_score_ref, read_score_ref
from schemas.rules import read_rules

_POLICY = {"key": pl.String, "value": pl.Float64, "text": pl.String, "source": pl.String}
_WINDOW = {"visit": pl.String, "min_weeks": pl.Int32, "max_weeks": pl.Int32, "single": pl.Boolean,
           "awlo": pl.Int32, "awtarget": pl.Int32, "awhi": pl.Int32}  # fmt: skip


def clinic_days(ledger: Ledger, as_of: date | None) -> dict[str, date]:
    """The as-of date of each clinic: the override, else what its source says, else derived.

    Derived: over the clinic's session sources the oldest of their newest exports (without session sources, the
    newest export of all): a fresh survey export must not turn a stale session export into non-adherence.
    """
    clinics = sorted({f["clinic_id"] for f in ledger.files})
    if as_of is not None:
        return dict.fromkeys(clinics, as_of)
    return {
        clinic: _data_through([f for f in ledger.files if f["clinic_id"] == clinic])
        for clinic in clinics
    }


def _data_through(files: list[dict[str, Any]]) -> date:
    declared = [f["data_through"] for f in files if f["data_through"]]
    if declared:
        return max(date.fromisoformat(day[:10]) for day in declared)
    newest: dict[str, str] = {}
    has_sessions = any(f["table"] == "session" for f in files)
    is_only_deletes = all(f["table"] == "deleted" for f in files)
    for file in files:
        is_data = file["table"] != "deleted" or is_only_deletes
        if file["table"] == "session" or (is_data and not has_sessions):
            newest[file["source_id"]] = max(file["exported_at"], newest.get(file["source_id"], ""))
    day = min(newest.values()) if has_sessions else max(newest.values())
    return date.fromisoformat(day[:10])


def load_reference(
    connection: duckdb.DuckDBPyConnection,
    context: Context,
    data: Path,
    clinics: dict[str, date],
    run: dict[str, Any],
) -> None:
    """Create every `ref` table."""
    load_score_ref(connection, read_score_ref(data))
    conditions = context.vocabularies["condition"]
    tables = {
        "run": pl.DataFrame([run]),
        "clinic": pl.DataFrame(
            {"clinic_id": list(clinics), "as_of_date": list(clinics.values())},
            schema={"clinic_id": pl.String, "as_of_date": pl.Date},
        ),
        "policy": pl.DataFrame(
            [_policy_row(k, *v) for k, v in context.policy.values.items()], schema=_POLICY
        ),
        "condition": pl.DataFrame(
            [
                {"condition": c, "label": e["label"], "condition_group": e["group"]}
                for c, e in conditions.items()
            ]
        ),
        "vocabulary": pl.DataFrame(
            [
                {"kind": k, "code": c, "label": e["label"]}
                for k, codes in context.vocabularies.items()
                for c, e in codes.items()
            ]
        ),
        "cell": _cells(context),
        "window": pl.DataFrame([_window_row(w) for w in context.policy.windows], schema=_WINDOW),
        "rule": pl.DataFrame([{"rule_id": name, **rule} for name, rule in read_rules().items()]),
    }
    for name, frame in tables.items():
        connection.register("ref_frame", frame.to_arrow())
        connection.execute(f"create table ref.{name} as select * from ref_frame")
        connection.unregister("ref_frame")


def _policy_row(key: str, value: float | str, source: str) -> dict[str, Any]:
    is_word = isinstance(value, str)
    return {
        "key": key,
        "value": None if is_word else float(value),
        "text": value if is_word else None,
        "source": source,
    }


def _cells(context: Context) -> pl.DataFrame:
    cells = context.policy.cells
    rows = [{"level": level, "duration": duration, "split": split}
            for level in cells["levels"] for duration in cells["durations"] for split in cells["splits"]]  # fmt: skip
    return pl.DataFrame(rows)


def _window_row(window: dict[str, Any]) -> dict[str, Any]:
    return {
        "visit": window["visit"], "min_weeks": window.get("min_weeks"), "max_weeks": window.get("max_weeks"),
        "single": window.get("single", False), "awlo": window["lo"], "awtarget": window["target"], "awhi": window["hi"],
    }  # fmt: skip
