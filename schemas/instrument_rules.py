"""Questionnaires -> the rows of `ref.scoring_rule`, all the arithmetic that the scoring SELECT follows.

Every method is brought to one normal form here, so that the SELECT needs no case per questionnaire:

    recode each answer -> sum or mean -> (x - subtract) x multiply -> conversion table

A rule is one row per coding variant and missing option: the SELECT picks it by equality.
"""

from collections.abc import Iterator
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
    table = score.table or Steps((), ())
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
        "table_starts": list(table.starts) or None,
        "table_values": list(table.values) or None,
        "totals": [other.id for other in one.scores.values() if score.id in other.of],
    }


def _answers(one: Instrument, score: Score, variant: str) -> Row:
    """Where the score's answers stand and what each counts; NULL lists mean: as they are."""
    place = {name: number for number, name in enumerate(one.item_ids, start=1)}
    items = {item.id: item for item in one.items_as_coded(variant)}
    recodes = [_composed(one, variant, items[name]) for name in score.items]
    ticks = [place.get(score.counted_if.get(name, "")) for name in score.items]
    steps = [recode.steps for recode in recodes]
    is_plain = not any(ticks) and all(recode == ItemRecode() for recode in recodes)
    has_steps = any(steps) or any(ticks)
    places = [place[name] for name in score.items]
    is_run = bool(places) and places == list(range(places[0], places[-1] + 1))
    return {
        "positions": places,
        "first_position": places[0] if is_run else None,
        "last_position": places[-1] if is_run else None,
        "slopes": None if is_plain else [recode.slope for recode in recodes],
        "intercepts": None if is_plain else [recode.intercept for recode in recodes],
        "step_starts": [list(s.starts) if s else None for s in steps] if has_steps else None,
        "step_values": [list(s.values) if s else None for s in steps] if has_steps else None,
        "ticks": ticks if has_steps else None,
    }


def _composed(one: Instrument, variant: str, coded: Item) -> ItemRecode:
    """Export code -> what it counts: the variant's recode, then the definition's own."""
    first = one.coding_variants.get(variant, {}).get(coded.id, ItemRecode())
    second = one.recode.get(coded.id, ItemRecode())
    if first == ItemRecode():
        return second
    if not first.steps and not second.steps:
        return ItemRecode(
            first.slope * second.slope, second.slope * first.intercept + second.intercept
        )
    # A variant recodes whole numbers only, so the codes can be counted out one by one.
    codes = first.steps.starts if first.steps else range(int(coded.min), int(coded.max) + 1)
    pairs = [(float(code), second(value)) for code in codes if (value := first(code)) is not None]
    known = [(code, value) for code, value in pairs if value is not None]
    return ItemRecode(steps=Steps(tuple(c for c, _ in known), tuple(v for _, v in known)))
