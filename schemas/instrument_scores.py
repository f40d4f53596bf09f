"""The `[scores.<id>]` section of a questionnaire file -> one `Score`.

A method says how answers become a figure; which missing rules it can follow is part of what it
is (a lookup table knows nothing of a missing item, so it takes complete answers only).
"""

import math
from collections.abc import Mapping
from typing import Any

from schemas.instrument_toml_values import Table, item_names, read_steps
from schemas.instrument_types import Band, Item, Mic, MissingRule, Score, Steps

COMPLETE = "complete_only"
IMPUTE = "impute_mean_of_answered"
MEAN = "mean_of_answered"
REDUCE = "reduce_denominator"
UNTICKED = "unticked_is_zero_if_form_submitted"

# method -> the missing rules that it can follow
METHODS: dict[str, tuple[str, ...]] = {
    "identity": (COMPLETE,),
    "sum": (COMPLETE, IMPUTE),
    "sum_prorated": (COMPLETE, IMPUTE),
    "sum_scaled": (COMPLETE, IMPUTE),
    "sum_lookup": (COMPLETE,),
    "sum_steps": (COMPLETE,),
    "sum_zero_fill": (UNTICKED,),
    "sum_of_scores": (COMPLETE,),
    "mean": (COMPLETE, MEAN),
    "mean_rescaled": (COMPLETE, MEAN),
    "recode_mean": (COMPLETE, MEAN),
    "percent_of_max": (COMPLETE, REDUCE),
    "percent_of_clock_span": (COMPLETE,),
    "ppt": (COMPLETE, MEAN),
    "eq5d_profile": (COMPLETE,),
    "eq5d_value_set": (COMPLETE,),
}
DIRECTIONS = ("higher_worse", "higher_better")
MARKS = ("source_read", "stored_source", "recomputed", "memory", "")


def read_score(
    name: str, part: Table, items: tuple[Item, ...], names: list[str], shared: list[Table]
) -> Score:
    """One score with everything that a reader of it must know."""
    method = part.choice("method", tuple(METHODS))
    used, of = _members(part, method, name, items, names)
    missing, options = _missing(part, method, len(of or used))
    score_range = _range(part)
    table = _table(part, method)
    score = Score(
        id=name,
        method=method,
        items=used,
        of=of,
        direction=part.choice("direction", DIRECTIONS),
        range=score_range,
        missing=missing,
        missing_options=options,
        bands=_bands(part, score_range),
        bands_closed=part.choice("closed", ("left", "right"), "left"),
        bands_source=part.text("bands_source", ""),
        bands_verification=part.choice("bands_verification", MARKS, ""),
        mic=tuple(_mics(part.tables("mic")) + _mics([m for m in shared if _meant(m, name)])),
        subtract=part.number("subtract", 0.0) or 0.0,
        multiply=part.number("multiply", 1.0) or 1.0,
        table=table,
        table_version=part.text("table_version", ""),
        is_text=method == "eq5d_profile",
        counted_if=_counted_if(part, used, items),
    )
    part.finish()
    _check_arithmetic(part, score, {item.id: item for item in items})
    return score


def _members(
    part: Table, method: str, name: str, items: tuple[Item, ...], names: list[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(items, scores) that the score is made of; one of the two is empty."""
    if method != "sum_of_scores":
        return item_names(part, "items", tuple(item.id for item in items)), ()
    of = part.names("of")
    wrong = [other for other in of if other not in names or other == name]
    if wrong:
        raise part.error("of", f"not another score of this questionnaire: {', '.join(wrong)}")
    return (), of


def _missing(part: Table, method: str, n: int) -> tuple[MissingRule, Mapping[str, MissingRule]]:
    """The missing rule and the named alternatives that a source may choose."""
    table = part.table("missing", required=False)
    options = {
        key: _rule(sub, method, n) for key, sub in table.table("options", required=False).sections()
    }
    return _rule(table, method, n), options


def _rule(table: Table, method: str, n: int) -> MissingRule:
    """One missing rule, of a kind that the method can follow."""
    policy = table.choice("policy", METHODS[method], METHODS[method][0])
    default = {COMPLETE: n, UNTICKED: 0}.get(policy)
    least = table.number("min_answered", default)
    if least is None or not (0 if policy == UNTICKED else 1) <= least <= n or least % 1:
        raise table.error("min_answered", f"say how many of the {n} must be answered")
    if policy == COMPLETE and least != n:
        raise table.error("min_answered", f"{COMPLETE} means all {n}")
    rule = MissingRule(
        policy, int(least), table.text("source", ""), table.choice("verification", MARKS, "")
    )
    table.finish()
    return rule


def _range(part: Table) -> tuple[float, float] | None:
    """[lowest, highest] possible value."""
    ends = part.plain("range", list, [])
    if len(ends) != 2 or not ends[0] < ends[1]:
        raise part.error("range", "give the lowest and the highest possible score")
    return float(ends[0]), float(ends[1])


def _table(part: Table, method: str) -> Steps | None:
    """The conversion table that the method asks for (optional for the share of a clock span)."""
    table = read_steps(part, "lookup") or read_steps(part, "steps")
    if table is None and method in ("sum_lookup", "sum_steps"):
        raise part.error("lookup, steps", f"{method} needs a table")
    return table


def _bands(part: Table, ends: tuple[float, float] | None) -> tuple[Band, ...]:
    """Bands from their lower ends; each reaches to the next, the last to the end of the range."""
    rows = [_band(band) for band in part.tables("bands")]
    starts = [start for start, _ in rows]
    if starts != sorted(set(starts)):
        raise part.error("bands", "each band starts above the one before")
    tops = [*starts[1:], ends[1] if ends else math.inf]
    return tuple(Band(lo, hi, label) for (lo, label), hi in zip(rows, tops, strict=False))


def _band(part: Table) -> tuple[float, str]:
    """Lower end and name of a band."""
    start, label = part.number("from", None), part.text("label")
    part.finish()
    if start is None:
        raise part.error("from", "missing")
    return start, label


def _meant(mic: Table, name: str) -> bool:
    """Whether a row of the file's own `[[mic]]` list speaks of this score."""
    scores = mic.peek("scores")
    return scores is None or name in scores


def _mics(parts: list[Table]) -> list[Mic]:
    """MIC rows in the order of the file; the order decides the default."""
    return [_mic(part.copy_without("scores")) for part in parts]


def _mic(part: Table) -> Mic:
    """One published value with its population and source: a MIC without them is a rumour."""
    value = part.number("value", None)
    if value is None or value <= 0:
        raise part.error("value", "expected a number above 0")
    mic = Mic(
        value=value,
        unit=part.choice("unit", ("points", "percent")),
        label=part.text("label", ""),
        population=part.text("population", ""),
        source=part.text("source"),
        verification=part.choice("verification", MARKS, ""),
    )
    part.finish()
    return mic


def _counted_if(part: Table, used: tuple[str, ...], items: tuple[Item, ...]) -> dict[str, str]:
    """Item -> the tick without which it counts 0."""
    pairs: dict[str, Any] = part.mapping("counted_if")
    ticks = {item.id for item in items if item.kind == "boolean"}
    if any(item not in used or tick not in ticks for item, tick in pairs.items()):
        raise part.error("counted_if", "expected { item of this score = item of kind boolean }")
    return {str(item): str(tick) for item, tick in pairs.items()}


def _check_arithmetic(part: Table, score: Score, items: Mapping[str, Item]) -> None:
    """What the method needs of its items."""
    used = [items[name] for name in score.items]
    if score.method == "identity" and len(used) != 1:
        raise part.error("items", "identity is the value of one item")
    if score.method == "percent_of_max" and len({item.max for item in used}) != 1:
        raise part.error("items", "percent_of_max needs items with one and the same maximum")
    if score.method == "percent_of_clock_span" and [i.kind for i in used] != [
        "number",
        "clock",
        "clock",
    ]:
        raise part.error("items", "expected the hours, then the clock times from and to")


def check_lookup(part: Table, score: Score, sums: tuple[float, float]) -> None:
    """A hole in a lookup table would score silently with the row above it."""
    codes = [float(code) for code in range(int(sums[0]), int(sums[1]) + 1)]
    if score.method == "sum_lookup" and score.table and list(score.table.starts) != codes:
        raise part.error(
            f"scores.{score.id}.lookup", f"needs every sum from {codes[0]:g} to {codes[-1]:g}"
        )
