"""What must hold of every questionnaire, whatever the answers: ends, straight lines, missing items, direction."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from flows.steps.score import score_rows
from schemas.instrument import Instrument, Item, Score, read_instruments, ref_rows

INSTRUMENTS = read_instruments()
LICENCES = {
    name: {"accepted_by": "a test", "date": "2026-01-01", "reference": "none"}
    for name, _ in INSTRUMENTS
}
REF = ref_rows(INSTRUMENTS, LICENCES)
Answers = list[float | None]
BY_NAME = pytest.mark.parametrize("one", INSTRUMENTS.values(), ids=lambda one: one.id)
IMPUTING = ("impute_mean_of_answered", "mean_of_answered", "reduce_denominator")


def scored(one: Instrument, responses: Sequence[Answers], option: str | None = None) -> list[Any]:
    """The scores of each of these answer lists."""
    rows = [
        {
            "response_no": number, "instrument": one.id, "version": one.version,
            "missing_option": option, "status": "completed", "answers": answers,
        }
        for number, answers in enumerate(responses)
    ]  # fmt: skip
    found = score_rows(rows, REF)
    return [found[number] for number in range(len(responses))]


def answer(item: Item, rng: random.Random) -> float:
    """A possible answer of the item."""
    if item.integer:
        return float(rng.randint(int(item.min), int(item.max)))
    return round(rng.uniform(item.min, item.max), 2)


def numbers(scores: dict[str, Any], one: Instrument) -> dict[str, float | None]:
    """The scores that are figures."""
    return {key: value for key, value in scores.items() if not one.scores[key].is_text}


def straight_lines(one: Instrument) -> dict[str, Answers]:
    """All lowest, all highest, all in the middle."""
    ends: dict[str, Callable[[Item], float]] = {
        "lowest": lambda item: item.min,
        "highest": lambda item: item.max,
        "middle": lambda item: (item.min + item.max) // 2,
    }
    return {name: [pick(item) for item in one.items] for name, pick in ends.items()}


@BY_NAME
def test_straight_lines_stay_in_the_range(one: Instrument) -> None:
    for scores in scored(one, list(straight_lines(one).values())):
        for score_id, value in numbers(scores, one).items():
            if one.scores[score_id].method in ("eq5d_value_set", "percent_of_clock_span"):
                continue
            if one.id == "psqi" and score_id == "global":
                continue  # its share of a night without length is not computable
            low, high = one.scores[score_id].range or (0.0, 0.0)
            assert value is not None and low - 1e-9 <= value <= high + 1e-9, score_id


@BY_NAME
def test_every_score_reaches_both_ends_of_its_range(one: Instrument) -> None:
    """Best and worst answers, item by item, found from what each item counts."""
    for score in one.scores.values():
        if score.of or score.is_text or score.method in ("eq5d_value_set", "percent_of_clock_span"):
            continue
        extremes = []
        for pick in (min, max):
            by_id = {
                item.id: pick(
                    (item.min, item.max), key=lambda end, item=item: _counts(one, item, end)
                )
                for item in one.items
            }
            # a tick counts nothing itself, it lets its item count
            by_id |= {item.id: 1.0 for item in one.items if item.kind == "boolean"}
            extremes.append([by_id[item.id] for item in one.items])
        found = sorted(scores[score.id] for scores in scored(one, extremes))
        assert found == pytest.approx(list(score.range or ()), abs=1e-9), score.id


def _counts(one: Instrument, item: Item, end: float) -> float:
    """What an answer counts under the definition's own recode."""
    recode = one.recode.get(item.id)
    return end if recode is None else recode(end) or 0.0


@BY_NAME
def test_each_item_pulls_a_score_one_way_only(one: Instrument) -> None:
    """Moving one item from its lowest to its highest answer never turns back, whatever the others say.

    So an item has a good direction, and improving it never worsens the score.
    """
    rng = random.Random(7)
    clocks = {item.id for item in one.items if item.kind == "clock"}
    for place, item in enumerate(one.items):
        if item.id in clocks:
            continue  # a longer night lowers the efficiency of the same sleep, over midnight it wraps
        signs: dict[str, set[int]] = {}
        for _ in range(3):
            base: Answers = [answer(other, rng) for other in one.items]
            steps = _steps(item)
            moved = [[*base[:place], step, *base[place + 1 :]] for step in steps]
            for before, after in _neighbours(scored(one, moved)):
                for score_id, change in _changes(one, before, after):
                    signs.setdefault(score_id, set()).add(change)
        assert all(len(found - {0}) <= 1 for found in signs.values()), item.id


def _steps(item: Item) -> list[float]:
    """Answers from the lowest to the highest."""
    if item.integer and item.max - item.min <= 10:
        return [float(code) for code in range(int(item.min), int(item.max) + 1)]
    return [item.min + (item.max - item.min) * part / 8 for part in range(9)]


def _neighbours(values: Sequence[Any]) -> list[tuple[Any, Any]]:
    return list(zip(values, values[1:], strict=False))


def _changes(
    one: Instrument, before: dict[str, Any], after: dict[str, Any]
) -> list[tuple[str, int]]:
    """Score -> -1, 0 or 1, where both are figures."""
    return [
        (key, (after[key] > value + 1e-9) - (after[key] < value - 1e-9))
        for key, value in numbers(before, one).items()
        if value is not None and after[key] is not None
    ]


@BY_NAME
def test_deleting_items_keeps_a_score_inside_the_range_of_its_completions(one: Instrument) -> None:
    rng = random.Random(11)
    for option in (None, *sorted(one.missing_options)):
        for score in one.scores.values():
            rule = score.missing_options.get(option or "", score.missing)
            if rule.policy in IMPUTING:
                _check_completions(one, score, rule.min_answered, option, rng)


def _check_completions(
    one: Instrument, score: Score, least: int, option: str | None, rng: random.Random
) -> None:
    """Holes filled with the lowest and the highest that they can count bound the prorated score."""
    for _ in range(3):
        full = {item.id: answer(item, rng) for item in one.items}
        holes = set(rng.sample(score.items, len(score.items) - least))
        filled = [
            {
                item.id: pick(
                    (item.min, item.max), key=lambda end, item=item: _counts(one, item, end)
                )
                if item.id in holes
                else full[item.id]
                for item in one.items
            }
            for pick in (min, max)
        ]
        responses: list[Answers] = [
            [None if item.id in holes else full[item.id] for item in one.items],
            *([answers[item.id] for item in one.items] for answers in filled),
        ]
        prorated, *ends = (scores[score.id] for scores in scored(one, responses, option))
        assert min(ends) - 1e-9 <= prorated <= max(ends) + 1e-9, score.id


@BY_NAME
def test_one_answer_too_few_is_no_score(one: Instrument) -> None:
    rng = random.Random(13)
    for score in one.scores.values():
        if score.of or score.method == "sum_zero_fill" or score.counted_if:
            continue
        holes = set(score.items[: len(score.items) - score.missing.min_answered + 1])
        answers = [None if item.id in holes else answer(item, rng) for item in one.items]
        assert scored(one, [answers])[0][score.id] is None, score.id
