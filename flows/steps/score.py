"""`followthrough score`: questionnaires scored outside a run, by the SELECT that a run uses.

Requests are checked as an export's answers are, laid into `staging.response` of an in-memory
DuckDB, and scored by sql/staging/score_item.sql and sql/facts/fct_score_figure.sql. Nothing is computed here.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from flows.steps.score_ref import load_score_ref, read_definitions, read_score_ref
from flows.steps.sql_files import SQL_ROOT, build_table, read_sql_file
from schemas.errors import ExitCode, UserError
from schemas.instrument import Instrument
from schemas.instrument_answers import (
    OPTIONS,
    AnswerRefused,
    OptionRefused,
    check_options,
    to_answer,
    unit_factor,
)

Request = Mapping[str, Any]

RESPONSE_COLUMNS = (
    "response_no INTEGER, clinic_id VARCHAR, participant_key VARCHAR, instrument VARCHAR, "
    "version VARCHAR, language VARCHAR, coding_variant VARCHAR, missing_option VARCHAR, "
    "value_set VARCHAR, status VARCHAR, answers DOUBLE[], file_key VARCHAR, line BIGINT"
)
SCORING_SQL = (
    "staging/score_rule.sql",
    "staging/score_item.sql",
    "facts/fct_score_figure.sql",
    "facts/fct_score.sql",
)
_OPTIONS = (*OPTIONS, "submitted", "coding_variant", "language")


class RequestRefused(ValueError):
    """A request that cannot be scored; `rule` is what the answer to it says."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def read_requests(path: Path) -> list[Request]:
    """The list of requests in a JSON file, bare or under `vectors`."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(f"{path}: not a readable JSON file: {error}", ExitCode.USAGE) from error
    requests = document.get("vectors") if isinstance(document, dict) else document
    if not isinstance(requests, list):
        raise UserError(f"{path}: expected a list of requests", ExitCode.USAGE)
    return requests


def score_requests(requests: Sequence[Request], data: Path | None) -> list[dict[str, Any]]:
    """Per request, in their order, `{id, scores}` or `{id, error}`."""
    ref = read_score_ref(data)
    scored = {(row["instrument"], row["version"]): row["is_scored"] for row in ref["instrument"]}
    instruments = read_definitions(data)
    rows, errors = [], {}
    for number, request in enumerate(requests, start=1):
        try:
            instrument = find_instrument(request, instruments)
            if not scored[instrument.key]:
                raise RequestRefused("licence_not_accepted")
            rows.append({"response_no": number} | response_row(request, instrument))
        except (RequestRefused, AnswerRefused, OptionRefused) as refused:
            errors[number] = refused.rule
    scores = score_rows(rows, ref)
    return [
        {"id": request.get("id") if isinstance(request, dict) else None}
        | ({"error": errors[n]} if n in errors else {"scores": scores[n]})
        for n, request in enumerate(requests, start=1)
    ]


def find_instrument(
    request: Request, instruments: Mapping[tuple[str, str], Instrument]
) -> Instrument:
    """The questionnaire asked for; without a version only where there is but one."""
    if not isinstance(request, dict):
        raise RequestRefused("not_a_request")
    name, version = request.get("instrument"), request.get("version")
    known = {key[1]: one for key, one in instruments.items() if key[0] == name}
    if not known:
        raise RequestRefused("unknown_instrument")
    if version is None and len(known) > 1:
        raise RequestRefused("version_needed")
    found = known.get(str(version)) if version is not None else next(iter(known.values()))
    if found is None:
        raise RequestRefused("unknown_version")
    return found


def response_row(request: Request, instrument: Instrument) -> dict[str, Any]:
    """The request as a row of `staging.response` (without its number), answers checked."""
    answers, options = request.get("responses"), request.get("options") or {}
    if not isinstance(answers, dict) or not isinstance(options, dict):
        raise RequestRefused("not_a_request")
    _check_options(options, instrument)
    if any(name not in instrument.item_ids for name in answers):
        raise RequestRefused("unknown_item")
    variant, factor = options.get("coding_variant"), unit_factor(options, instrument)
    submitted = options.get("submitted")
    return {
        "instrument": instrument.id,
        "version": instrument.version,
        "language": options.get("language"),
        "coding_variant": variant,
        "missing_option": options.get("missing"),
        "value_set": options.get("value_set"),
        "status": None if submitted is None else "completed" if submitted else "in-progress",
        "answers": [
            to_answer(item, answers.get(item.id), factor)
            for item in instrument.items_as_coded(variant)
        ],
    }


def _check_options(options: Mapping[str, Any], instrument: Instrument) -> None:
    """What a run takes from the mapping and from columns of the export stands here side by side."""
    check_options(options, instrument, _OPTIONS)
    if not isinstance(options.get("submitted"), bool | None):
        raise RequestRefused("unknown_option")
    if not isinstance(options.get("language"), str | None):
        raise RequestRefused("unknown_option")
    if options.get("coding_variant") not in (None, *instrument.coding_variants):
        raise RequestRefused("unknown_coding_variant")


def score_rows(
    rows: Sequence[Mapping[str, Any]], ref: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[int, dict[str, float | str | None]]:
    """response_no -> score_id -> value, by the SELECTs of a run."""
    with duckdb.connect(":memory:") as connection:
        connection.execute("attach ':memory:' as staging")
        connection.execute("create schema facts")
        load_score_ref(connection, ref)
        load_responses(connection, rows)
        build_scores(connection)
        found = connection.execute(
            "select response_no, score_id, value, value_text from facts.fct_score "
            "order by response_no, score_id"
        ).fetchall()
    scores: dict[int, dict[str, float | str | None]] = {row["response_no"]: {} for row in rows}
    for number, score_id, value, text in found:
        scores[number][score_id] = value if text is None else text
    return scores


def build_scores(connection: duckdb.DuckDBPyConnection) -> None:
    """`facts.fct_score` and what it reads, from `ref.*`, `staging.response`, `staging.source_score`."""
    for name in SCORING_SQL:
        build_table(connection, read_sql_file(SQL_ROOT / name))


def load_responses(
    connection: duckdb.DuckDBPyConnection, rows: Sequence[Mapping[str, Any]]
) -> None:
    """`staging.response` with these rows, each a kind of form of its own, and `staging.source_score` without any."""
    connection.execute(f"create table staging.response ({RESPONSE_COLUMNS})")
    for name in ("survey_answer", "response_form"):
        connection.execute(
            f"create view staging.{name} as select *, response_no as form_no from staging.response"
        )
    connection.execute(
        "create table staging.source_score (response_no INTEGER, score_id VARCHAR, value DOUBLE)"
    )
    if rows:
        connection.register("responses_in", pl.DataFrame(rows, infer_schema_length=None))
        connection.execute("insert into staging.response by name select * from responses_in")
        connection.unregister("responses_in")
