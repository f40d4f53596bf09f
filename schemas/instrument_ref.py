"""Questionnaires -> the rows of `ref.instrument*`, under the licences and value sets of one data folder."""

import math
from collections.abc import Mapping
from typing import Any

from schemas.instrument_rules import Row, rule_rows
from schemas.instrument_types import Instrument, Score

# table of `ref` -> its columns as DuckDB declares them: what a loader creates, also without rows
REF_COLUMNS: dict[str, str] = {
    "instrument": (
        "instrument VARCHAR, version VARCHAR, name VARCHAR, domain VARCHAR[], n_items "
        "INTEGER, recall_days INTEGER, percent_change BOOLEAN, percent_change_min_baseline "
        "DOUBLE, has_baseline BOOLEAN, licence_tier VARCHAR, needs_licence BOOLEAN, is_scored "
        "BOOLEAN, licence_accepted_by VARCHAR, licence_date VARCHAR, licence_reference "
        "VARCHAR, verification VARCHAR, definition_sha256 VARCHAR"
    ),
    "instrument_item": (
        "instrument VARCHAR, version VARCHAR, item_id VARCHAR, position INTEGER, kind "
        "VARCHAR, min_value DOUBLE, max_value DOUBLE, is_integer BOOLEAN, is_restricted "
        "BOOLEAN"
    ),
    "instrument_score": (
        "instrument VARCHAR, version VARCHAR, score_id VARCHAR, method VARCHAR, direction "
        "VARCHAR, range_lo DOUBLE, range_hi DOUBLE, is_text BOOLEAN, band_starts DOUBLE[], "
        "band_labels VARCHAR[], t_table_version VARCHAR"
    ),
    "instrument_mic": (
        "instrument VARCHAR, version VARCHAR, score_id VARCHAR, value DOUBLE, unit VARCHAR, "
        "label VARCHAR, population VARCHAR, source VARCHAR, verification VARCHAR, is_default "
        "BOOLEAN"
    ),
    "instrument_band": (
        "instrument VARCHAR, version VARCHAR, score_id VARCHAR, band_no INTEGER, lo DOUBLE, "
        "hi DOUBLE, closed VARCHAR, label VARCHAR, source VARCHAR, verification VARCHAR"
    ),
    "scoring_rule": (
        "instrument VARCHAR, version VARCHAR, coding_variant VARCHAR, missing_option VARCHAR, "
        "score_id VARCHAR, form VARCHAR, n_items INTEGER, min_answered INTEGER, missing_rule "
        "VARCHAR, first_position INTEGER, last_position INTEGER, weights DOUBLE[], shifts "
        "DOUBLE[], members DOUBLE[], all_shift DOUBLE, positions INTEGER[], slopes DOUBLE[], "
        "intercepts DOUBLE[], step_starts DOUBLE[][], step_values DOUBLE[][], ticks INTEGER[], "
        "subtract DOUBLE, multiply DOUBLE, table_first DOUBLE, table_starts DOUBLE[], "
        "table_values DOUBLE[], totals VARCHAR[]"
    ),
    "value_set": ("value_set VARCHAR, profile VARCHAR, index_value DOUBLE, is_only BOOLEAN"),
}


def ref_rows(
    instruments: Mapping[tuple[str, str], Instrument],
    licences: Mapping[str, Mapping[str, Any]],
    value_sets: Mapping[str, Mapping[str, float]] | None = None,
) -> dict[str, list[Row]]:
    """Table of `ref` (without the schema) -> its rows; columns and types are REF_COLUMNS."""
    rows: dict[str, list[Row]] = {table: [] for table in REF_COLUMNS}
    for _, one in sorted(instruments.items()):
        licence = licences.get(one.id, {})
        rows["instrument"].append(_instrument_row(one, licence))
        rows["instrument_item"] += _item_rows(one)
        rows["scoring_rule"] += rule_rows(one)
        for score in one.scores.values():
            key = {"instrument": one.id, "version": one.version, "score_id": score.id}
            rows["instrument_score"].append(key | _score_row(score))
            rows["instrument_band"] += [key | band for band in _band_rows(score)]
            rows["instrument_mic"] += [key | mic for mic in _mic_rows(score)]
    rows["value_set"] = _value_set_rows(value_sets or {})
    return rows


def _instrument_row(one: Instrument, licence: Mapping[str, Any]) -> Row:
    """One questionnaire; is_scored says whether its answers may be scored here."""
    return {
        "instrument": one.id,
        "version": one.version,
        "name": one.name,
        "domain": list(one.domains),
        "n_items": len(one.items),
        "recall_days": one.recall_days,
        "percent_change": one.percent_change,
        "percent_change_min_baseline": one.percent_change_min_baseline,
        "has_baseline": one.has_baseline,
        "licence_tier": one.licence_tier,
        "needs_licence": one.needs_licence,
        "is_scored": bool(licence) or not one.needs_licence,
        "licence_accepted_by": _text(licence, "accepted_by"),
        "licence_date": _text(licence, "date"),
        "licence_reference": _text(licence, "reference"),
        "verification": one.verification,
        "definition_sha256": one.definition_sha256,
    }


def _text(licence: Mapping[str, Any], key: str) -> str | None:
    """A statement of the acceptance; TOML dates become text."""
    return str(licence[key]) if key in licence else None


def _item_rows(one: Instrument) -> list[Row]:
    """Items with their place in `answers`, from 1."""
    return [
        {
            "instrument": one.id,
            "version": one.version,
            "item_id": item.id,
            "position": place,
            "kind": item.kind,
            "min_value": item.min,
            "max_value": item.max,
            "is_integer": item.integer,
            "is_restricted": item.restricted,
        }
        for place, item in enumerate(one.items, start=1)
    ]


def _score_row(score: Score) -> Row:
    """A score; a band closed on the right starts at the next double after its lower end."""
    starts = [band.lo for band in score.bands]
    if score.bands_closed == "right":
        starts = starts[:1] + [math.nextafter(start, math.inf) for start in starts[1:]]
    return {
        "method": score.method,
        "direction": score.direction,
        "range_lo": score.range[0] if score.range else None,
        "range_hi": score.range[1] if score.range else None,
        "is_text": score.is_text,
        "band_starts": starts,
        "band_labels": [band.label for band in score.bands],
        "t_table_version": score.table_version or None,
    }


def _band_rows(score: Score) -> list[Row]:
    """Bands for people; the scorer reads `instrument_score.band_starts`."""
    return [
        {
            "band_no": number,
            "lo": band.lo,
            "hi": band.hi,
            "closed": score.bands_closed,
            "label": band.label,
            "source": score.bands_source,
            "verification": score.bands_verification,
        }
        for number, band in enumerate(score.bands, start=1)
    ]


def _mic_rows(score: Score) -> list[Row]:
    """MIC rows; the default is the first in points, where there is none the first in percent."""
    points = [mic for mic in score.mic if mic.unit == "points"]
    default = next(iter(points or score.mic), None)
    return [vars(mic) | {"is_default": mic is default} for mic in score.mic]


def _value_set_rows(value_sets: Mapping[str, Mapping[str, float]]) -> list[Row]:
    """EQ-5D profiles with their index; the only set of a clinic needs no naming in its source."""
    return [
        {
            "value_set": name,
            "profile": profile,
            "index_value": index,
            "is_only": len(value_sets) == 1,
        }
        for name, values in sorted(value_sets.items())
        for profile, index in values.items()
    ]
