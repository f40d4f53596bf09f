"""Survey rows to responses: one per line x visit block x questionnaire, with the answers as one list.

A response is refused whole when one of its answers is; the line's other responses stand (severity `response`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from flows.steps import parse
from flows.steps.cells import export_name
from flows.steps.survey_blocks import Block, Form
from flows.steps.validate import find_failures, severities
from schemas.instrument import Instrument, Item
from schemas.instrument_answers import read_number, unit_factor
from schemas.rules import severity_of
from schemas.source import Dialect
from schemas.survey import answers_contract, totals_contract

FAILURE_COLUMNS = ("line", "column_name", "rule_id", "allowed", "part", "severity")
SHARED = ("line", "participant_id", "response_id", "enrolment_id", "completed_at", "local_date", "utc_offset_min",
          "status", "mode", "session_phase", "visit_label", "visit", "tz", "tz_source")  # fmt: skip


@dataclass(frozen=True)
class Responses:
    """Accepted rows for `survey_response` and `score`, and what was refused with its export column."""

    answers: list[pl.DataFrame]
    totals: list[pl.DataFrame]
    failures: list[pl.DataFrame]


def with_visits(
    rows: pl.DataFrame, text: pl.DataFrame, block: Block, missing: tuple[str, ...]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Add `visit_label` (as written) and `visit`; failures where neither a date nor a known label places a row."""
    visits = block.source.mapping.visits
    label = (
        parse.to_text(text[visits.column], missing)
        if visits
        else pl.repeat(block.visit, rows.height, dtype=pl.String, eager=True)
    )
    visit = (
        label.replace_strict(visits.labels, default=None, return_dtype=pl.String)
        if visits
        else label
    )
    if "completed_at" in rows.columns:
        undated = rows["completed_at"].is_null() & (rows["local_date"].is_null())
    else:
        undated = pl.repeat(True, rows.height, eager=True)
    known = export_name("completed_at", block.source.mapping.columns.get("completed_at"))
    unknown = undated & label.is_not_null() & visit.is_null()
    nowhere = undated & label.is_null()
    failures = [
        _failures(rows["line"].filter(mask), visits.column if visits else known, rule_id, "")
        for mask, rule_id in ((unknown, "unknown_code"), (nowhere, "no_visit")) if mask.any()
    ]  # fmt: skip
    placed = rows.with_columns(label.alias("visit_label"), visit.alias("visit"))
    return placed, pl.concat(failures) if failures else _failures(
        rows["line"].clear(), "", "no_visit", ""
    )


def _failures(
    lines: pl.Series, column: str, rule_id: str, part: str, allowed: str = ""
) -> pl.DataFrame:
    return lines.to_frame("line").with_columns(
        column_name=pl.lit(column),
        rule_id=pl.lit(rule_id),
        allowed=pl.lit(allowed),
        part=pl.lit(part),
        severity=pl.lit(severity_of(rule_id)),
    )


def read_responses(rows: pl.DataFrame, text: pl.DataFrame, block: Block) -> Responses:
    """The responses of one block; `rows` (typed, accepted) and `text` are aligned."""
    found = Responses([], [], [])
    for form in block.forms:
        part = form.instrument.id + (f"@{block.visit}" if block.visit else "")
        if form.items:
            _read_answers(rows, text, block, form, part, found)
        if form.scores:
            _read_totals(rows, text, block, form, part, found)
    return found


def _read_answers(
    rows: pl.DataFrame, text: pl.DataFrame, block: Block, form: Form, part: str, found: Responses
) -> None:
    items = form.instrument.items_as_coded(form.mapping.coding_variant)
    wide, failures = _answers(rows["line"], text, items, form, part, block.source.mapping.dialect)
    failures.append(_as_answers(find_failures(wide, answers_contract(items)), form.items, part))
    refused = pl.concat(failures)
    found.failures.append(refused)
    ids = list(form.instrument.item_ids)
    answered = wide.select(
        "line",
        pl.concat_list(ids).alias("answers"),
        pl.any_horizontal(pl.col(ids).is_not_null()).alias("any"),
    )
    kept = rows.hstack(answered.drop("line")).filter(
        pl.col("any") & ~pl.col("line").is_in(refused["line"].unique().implode())
    )
    found.answers.append(_shared(kept, form).with_columns(kept["answers"]))


def _answers(
    lines: pl.Series,
    text: pl.DataFrame,
    items: tuple[Item, ...],
    form: Form,
    part: str,
    dialect: Dialect,
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """A column per item, in its unit and order; and the cells that are no figure."""
    columns, failures = {"line": lines}, []
    factor = unit_factor(form.mapping.options, form.instrument)
    for item in items:
        column = form.items.get(item.id)
        if column is None:
            columns[item.id] = pl.repeat(None, len(lines), dtype=pl.Float64, eager=True)
            continue
        values, failed = to_answers(
            text[column], item, form.mapping.codes, dialect.decimal or ".", dialect.missing
        )
        columns[item.id] = values if factor == 1.0 else values * factor
        if failed is not None:
            failures.append(_failures(lines.filter(failed), column, "answer_not_a_number", part))
    return pl.DataFrame(columns), failures


def _as_answers(cases: pl.DataFrame, columns: dict[str, str], part: str) -> pl.DataFrame:
    """Failures of the contract in the export's own column names."""
    told = cases.select(
        "line",
        pl.col("column_name").replace_strict(columns, default=None, return_dtype=pl.String),
        ("answer_" + pl.col("rule_id")).alias("rule_id"),
        "allowed",
        part=pl.lit(part),
    )
    return told.with_columns(severities())


def _read_totals(
    rows: pl.DataFrame, text: pl.DataFrame, block: Block, form: Form, part: str, found: Responses
) -> None:
    dialect, columns, failures = block.source.mapping.dialect, {"line": rows["line"]}, []
    for score_id, column in form.scores.items():
        typed = parse.to_number(text[column], dialect.decimal or ".", dialect.missing)
        columns[score_id] = typed.values
        failures += [
            _failures(rows["line"].filter(mask), column, "answer_not_a_number", part)
            for _, mask in typed.failures
        ]
    wide = pl.DataFrame(columns)
    totals = totals_contract(form.instrument, list(form.scores))
    failures.append(_as_answers(find_failures(wide, totals), form.scores, part))
    refused = pl.concat(failures)
    answered = found.answers[-1]["line"] if form.items else rows["line"].clear()
    found.failures.append(_beside_answers(refused, answered))
    for score_id in form.scores:
        value = wide[score_id].alias("value")
        kept = rows.with_columns(value).filter(
            value.is_not_null() & ~rows["line"].is_in(refused["line"].unique().implode())
        )
        found.totals.append(
            _shared(kept, form).with_columns(kept["value"], score_id=pl.lit(score_id))
        )


def _beside_answers(refused: pl.DataFrame, answered: pl.Series) -> pl.DataFrame:
    """Failures of totals. Where answers stand beside one they win, so an impossible total is only not theirs."""
    is_beside = pl.col("line").is_in(answered.implode())
    is_other = is_beside & (pl.col("rule_id") == "answer_out_of_range")
    is_unread = is_beside & (pl.col("rule_id") == "answer_not_a_number")
    return refused.with_columns(
        rule_id=pl.when(is_other).then(pl.lit("total_mismatch")).otherwise(pl.col("rule_id")),
        severity=pl.when(is_other)
        .then(pl.lit("warning"))
        .when(is_unread)
        .then(pl.lit("cell"))
        .otherwise("severity"),
    )


def _shared(rows: pl.DataFrame, form: Form) -> pl.DataFrame:
    """The columns that every response carries."""
    language = pl.coalesce(
        [pl.col(c) for c in ("language",) if c in rows.columns]
        + [pl.lit(form.mapping.language, pl.String)]
    )
    return rows.select(
        *(c for c in SHARED if c in rows.columns),
        instrument=pl.lit(form.instrument.id),
        version=pl.lit(form.instrument.version),
        language=language,
        coding_variant=pl.lit(form.mapping.coding_variant, pl.String),
        missing_option=pl.lit(form.mapping.options.get("missing"), pl.String),
        value_set=pl.lit(form.mapping.options.get("value_set"), pl.String),
    )


def to_answers(
    text: pl.Series,
    item: Item,
    codes: Mapping[str, float],
    decimal: str,
    missing: tuple[str, ...],
) -> tuple[pl.Series, pl.Series | None]:
    """One item's cells as figures: the mapping's answer texts first, then numbers, then the item's own kind."""
    values, open_cells = _plain_numbers(text, bool(codes) or item.kind == "clock", decimal, missing)
    if open_cells is None or not open_cells.any():
        return values, None
    words = text.filter(open_cells).unique().to_list()
    known = {word: _answer(word.strip(), item, codes, decimal) for word in words}
    found = text.filter(open_cells).replace_strict(known, return_dtype=pl.Float64)
    values = values.scatter(open_cells.arg_true(), found)
    failed = open_cells & values.is_null() & parse.to_text(text, missing).is_not_null()
    return values, failed if failed.any() else None


def _plain_numbers(
    text: pl.Series, is_words: bool, decimal: str, missing: tuple[str, ...]
) -> tuple[pl.Series, pl.Series | None]:
    """What is a number as it stands, and which cells are still open: all, where words have a meaning."""
    if is_words:
        return pl.repeat(None, len(text), dtype=pl.Float64, eager=True), text.is_not_null()
    typed = parse.to_number(text, decimal, missing)
    return typed.values, typed.failures[0][1] if typed.failures else None


def _answer(word: str, item: Item, codes: Mapping[str, float], decimal: str) -> float | None:
    """One distinct cell; infinite where it is a figure that no range holds (the clock time 25:00)."""
    if word in codes:
        return float(codes[word])
    if decimal == ",":  # a dot beside a decimal comma could be either: not guessed
        return None if "." in word else read_number(item, word.replace(",", "."))
    return read_number(item, word)


def measured(
    landed: list[tuple[str, pl.DataFrame]], known: Mapping[tuple[str, str], Instrument]
) -> list[tuple[str, pl.Series, pl.Series]]:
    """What of the landed rows has a unit: quantity, people, values. Minutes, answers with decimals, a source's totals."""
    found = []
    for table, rows in landed:
        if table == "session" and "minutes" in rows.columns:
            found.append(("minutes", rows["participant_id"], rows["minutes"]))
        if table == "score" and rows.height:
            name = f"{rows['instrument'][0]}.{rows['score_id'][0]}"
            found.append((name, rows["participant_id"], rows["value"]))
        if table == "survey_response" and rows.height:
            name = rows["instrument"][0]
            items = known[name, rows["version"][0]].items
            if not all(item.integer for item in items):
                found.append((name, rows["participant_id"], rows["answers"].list.mean()))
    return found
