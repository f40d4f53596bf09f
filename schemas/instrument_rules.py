"""Questionnaires -> the rows of `ref.scoring_rule`, all the arithmetic that the scoring SELECT follows.

Every method is brought to one normal form here, so that the SELECT needs no case per questionnaire:

    recode each answer -> sum or mean -> (x - subtract) x multiply -> conversion table

A rule is one row per coding variant and missing option: the SELECT picks it by equality. Recoding by
straight lines (reversal is one, so are nearly all published tables of item values) becomes a weighted
sum, which costs the SELECT little more than a bare sum; only what bends is recoded answer by answer.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from schemas.instrument_types import Instrument, Item, ItemRecode, MissingRule, Score, Steps

Row = dict[str, Any]

# method -> the shape of its arithmetic in sql/staging/score_item.sql
_FORMS = {
    "mean": "mean",
    "mean_rescaled": "mean",
    "recode_mean": "mean",
    "percent_of_max": "mean",
    "ppt": "mean",
    "percent_of_clock_span": "clock_span",
    "eq5d_profile": "profile",
    "eq5d_value_set": "value_set",
    "sum_of_scores": "total",
    "sum_zero_fill": "zero_fill",
}
# shapes that look at single answers, not at their sum
_ONE_BY_ONE = ("clock_span", "profile", "value_set")


def rule_rows(one: Instrument) -> Iterator[Row]:
    """A rule for every coding variant x missing option x score; '' stands for none given.

    A score that does not offer the option keeps its own rule under that name, as RAND-36's
    half-scale rule says nothing of a single item beside it.
    """
    for variant in ("", *one.coding_variants):
        for option in ("", *sorted(one.missing_options)):
            for score in one.scores.values():
                rule = score.missing_options.get(option, score.missing)
                key = {
                    "instrument": one.id,
                    "version": one.version,
                    "coding_variant": variant,
                    "missing_option": option,
                    "score_id": score.id,
                }
                yield key | _arithmetic(one, score, rule) | _answers(one, score, variant)


def _arithmetic(one: Instrument, score: Score, rule: MissingRule) -> Row:
    """The normal form behind the recoding."""
    starts = list(score.table.starts) if score.table else []
    multiply = score.multiply
    if score.method == "percent_of_max":
        multiply = 100 / next(item.max for item in one.items if item.id in score.items)
    return {
        "form": _FORMS.get(score.method, "sum"),
        "n_items": len(score.items or score.of),
        "min_answered": rule.min_answered,
        "missing_rule": rule.policy,
        "subtract": score.subtract,
        "multiply": multiply,
        "table_first": starts[0] if _are_consecutive(starts) else None,
        "table_starts": starts or None,
        "table_values": list(score.table.values) if score.table else None,
        "totals": [other.id for other in one.scores.values() if score.id in other.of],
    }


def _are_consecutive(starts: Sequence[float]) -> bool:
    """Whether the starts count up whole numbers, so that a row of the table is found by counting."""
    return bool(starts) and list(starts) == [starts[0] + n for n in range(len(starts))]


def _answers(one: Instrument, score: Score, variant: str) -> Row:
    """Where the score's answers stand and what each counts."""
    place = {name: number for number, name in enumerate(one.item_ids, start=1)}
    items = {item.id: item for item in one.items_as_coded(variant)}
    recodes = {place[name]: _composed(one, variant, items[name]) for name in score.items}
    ticks = [place.get(score.counted_if.get(name, "")) for name in score.items]
    is_one_by_one = _FORMS.get(score.method) in _ONE_BY_ONE or any(ticks)
    if is_one_by_one or any(recode.steps for recode in recodes.values()):
        return _NOTHING | _listed(recodes, ticks)
    return _NOTHING | (_weighted(recodes) if recodes else {})


_NOTHING: Row = dict.fromkeys((
    "first_position", "last_position", "weights", "shifts", "members", "all_shift",
    "positions", "slopes", "intercepts", "step_starts", "step_values", "ticks",
))  # fmt: skip


def _weighted(recodes: dict[int, ItemRecode]) -> Row:
    """A weighted sum over the stretch of `answers` that holds all items of the score.

    NULL lists mean: every answer of the stretch belongs to the score and counts as it is.
    """
    stretch = range(min(recodes), max(recodes) + 1)
    row = {"first_position": stretch[0], "last_position": stretch[-1]}
    is_run = len(recodes) == len(stretch)
    if is_run and all(recode == ItemRecode() for recode in recodes.values()):
        return row
    lines = [recodes.get(place, ItemRecode(slope=0.0)) for place in stretch]
    return row | {
        "weights": [line.slope for line in lines],
        "shifts": [line.intercept for line in lines],
        "members": None if is_run else [float(place in recodes) for place in stretch],
        "all_shift": sum(line.intercept for line in lines),
    }


def _listed(recodes: dict[int, ItemRecode], ticks: list[int | None]) -> Row:
    """Item by item: place, line or steps, and the tick without which an answer counts 0."""
    lines = list(recodes.values())
    return {
        "positions": list(recodes),
        "slopes": [line.slope for line in lines],
        "intercepts": [line.intercept for line in lines],
        "step_starts": [list(line.steps.starts) if line.steps else None for line in lines],
        "step_values": [list(line.steps.values) if line.steps else None for line in lines],
        "ticks": ticks,
    }


def _composed(one: Instrument, variant: str, coded: Item) -> ItemRecode:
    """Export code -> what it counts: the variant's recode, then the definition's own."""
    first = one.coding_variants.get(variant, {}).get(coded.id, ItemRecode())
    second = one.recode.get(coded.id, ItemRecode())
    if not first.steps and not second.steps:
        return ItemRecode(
            first.slope * second.slope, second.slope * first.intercept + second.intercept
        )
    if first == ItemRecode() and second.steps:
        return _straightened(second.steps, coded)
    # A variant recodes whole numbers only, so the codes can be counted out one by one.
    codes = first.steps.starts if first.steps else range(int(coded.min), int(coded.max) + 1)
    pairs = [(float(code), second(value)) for code in codes if (value := first(code)) is not None]
    known = [(code, value) for code, value in pairs if value is not None]
    return _straightened(Steps(tuple(c for c, _ in known), tuple(v for _, v in known)), coded)


def _straightened(steps: Steps, coded: Item) -> ItemRecode:
    """The line through all codes of the item where there is one, else the steps."""
    codes, values = steps.starts, steps.values
    is_whole = coded.integer and (codes[0], codes[-1]) == (coded.min, coded.max)
    if not is_whole or not _are_consecutive(codes):
        return ItemRecode(steps=steps)
    slope = values[1] - values[0]
    line = ItemRecode(slope, values[0] - slope * codes[0])
    is_straight = all(line(code) == value for code, value in zip(codes, values, strict=True))
    return line if is_straight else ItemRecode(steps=steps)
