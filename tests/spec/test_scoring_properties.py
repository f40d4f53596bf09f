"""What must hold of every questionnaire, whatever the answers: ends, straight lines, missing items, direction."""

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import pytest

from flows.steps.score import score_rows
from schemas.instrument import Instrument, Item, MissingRule, Score, read_instruments, ref_rows

INSTRUMENTS = read_instruments()
LICENCES = {
    name: {"accepted_by": "a test", "date": "2026-01-01", "reference": "none"}
    for name, _ in INSTRUMENTS
}
Answers = list[float | None]
BY_NAME = pytest.mark.parametrize("one", INSTRUMENTS.values(), ids=lambda one: one.id)
IMPUTING = ("impute_mean_of_answered", "mean_of_answered", "reduce_denominator")


def scored(one: Instrument, responses: Sequence[Answers], option: str | None = None) -> list[Any]:
    """The scores of each of these answer lists."""
    rows = [
        {
            "response_no": number,
            "instrument": one.id,
            "version": one.version,
            "missing_option": option,
            "status": "completed",
            "answers": answers,
        }
        for number, answers in enumerate(responses)
    ]
    found = score_rows(rows, ref_rows({one.key: one}, LICENCES))
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
    lowest, highest = scored(one, [_answers(one, _extreme(one, pick)) for pick in (min, max)])
    for score in one.scores.values():
        if score.of or score.is_text or score.method in ("eq5d_value_set", "percent_of_clock_span"):
            continue
        found = sorted([lowest[score.id], highest[score.id]])
        assert found == pytest.approx(list(score.range or ()), abs=1e-9), score.id


def _extreme(one: Instrument, pick: Any) -> dict[str, float]:
    """Of each item the answer that counts least, or most; a tick is set, it lets its item count."""
    answers: dict[str, float] = {
        item.id: pick((item.min, item.max), key=lambda end, item=item: _counts(one, item, end))
        for item in one.items
    }
    return answers | {item.id: 1.0 for item in one.items if item.kind == "boolean"}


def _answers(
    one: Instrument, by_id: Mapping[str, float], holes: AbstractSet[str] = frozenset()
) -> Answers:
    """The answer list in item order, without those in `holes`."""
    return [None if name in holes else by_id[name] for name in one.item_ids]


def _counts(one: Instrument, item: Item, end: float) -> float:
    """What an answer counts under the definition's own recode."""
    recode = one.recode.get(item.id)
    return end if recode is None else recode(end) or 0.0


@BY_NAME
def test_each_item_pulls_a_score_one_way_only(one: Instrument) -> None:
    """Moving one item from its lowest to its highest answer never turns back, whatever the others say.

    So an item has a good direction, and improving it never worsens the score. Clock times are left
    out: a longer night lowers the efficiency of the same sleep, and over midnight it wraps.
    """
    rng = random.Random(7)
    moves: list[tuple[str, Answers]] = []
    for item in (item for item in one.items if item.kind != "clock"):
        for _ in range(3):
            others = {other.id: answer(other, rng) for other in one.items}
            moves += [(item.id, _answers(one, others | {item.id: step})) for step in _steps(item)]
    results = scored(one, [answers for _, answers in moves])
    signs: dict[tuple[str, str], set[int]] = {}
    starts = {item.id: item.min for item in one.items}
    for (k, (name, _)), (_, (_, answers)) in itertools.pairwise(enumerate(moves)):
        if answers[one.item_ids.index(name)] != starts[name] and moves[k + 1][0] == name:
            for score_id, sign in _changes(one, results[k], results[k + 1]):
                signs.setdefault((name, score_id), set()).add(sign)
    assert [key for key, found in signs.items() if {-1, 1} <= found] == []


def _steps(item: Item) -> list[float]:
    """Answers from the lowest to the highest."""
    if item.integer and item.max - item.min <= 10:
        return [float(code) for code in range(int(item.min), int(item.max) + 1)]
    parts = 4 if item.integer else 8
    return [item.min + (item.max - item.min) * part / parts for part in range(parts + 1)]


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
    """Holes filled with the least and the most that they can count bound the prorated score."""
    rng = random.Random(11)
    for option in (None, *sorted(one.missing_options)):
        cases: list[tuple[str, list[Answers]]] = []
        for score in one.scores.values():
            rule = score.missing_options.get(option or "", score.missing)
            if rule.policy in IMPUTING:
                cases += [(score.id, _case(one, score, rule, rng)) for _ in range(3)]
        results = iter(scored(one, [answers for _, case in cases for answers in case], option))
        for score_id, case in cases:
            prorated, *ends = (next(results)[score_id] for _ in case)
            assert min(ends) - 1e-9 <= prorated <= max(ends) + 1e-9, score_id


def _case(one: Instrument, score: Score, rule: MissingRule, rng: random.Random) -> list[Answers]:
    """The response with as many holes as the rule bears, then its lowest and highest completion."""
    full = {item.id: answer(item, rng) for item in one.items}
    holes = frozenset(rng.sample(score.items, len(score.items) - rule.min_answered))
    low, high = (_extreme(one, pick) for pick in (min, max))
    return [
        _answers(one, full, holes),
        *(_answers(one, full | {name: ends[name] for name in holes}) for ends in (low, high)),
    ]


@BY_NAME
def test_one_answer_too_few_is_no_score(one: Instrument) -> None:
    rng = random.Random(13)
    tested = [
        score
        for score in one.scores.values()
        if not score.of and score.method != "sum_zero_fill" and not score.counted_if
    ]
    responses = []
    for score in tested:
        holes = frozenset(score.items[: len(score.items) - score.missing.min_answered + 1])
        responses.append(_answers(one, {i.id: answer(i, rng) for i in one.items}, holes))
    for score, result in zip(tested, scored(one, responses), strict=True):
        assert result[score.id] is None, score.id
