"""A slow scorer, written from the published definitions alone, against the scoring SELECT.

It reads the shared `spec/instruments.json`, not our questionnaire files: a slip in copying a table,
a reversal or a range into a file shows here, on random answers with holes.
"""

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from flows.steps.score import score_rows
from schemas.instrument import read_instruments, ref_rows

SHARED = Path(os.environ.get("FOLLOWTHROUGH_SHARED", Path(__file__).parents[3] / "shared"))
FILE = SHARED / "spec" / "instruments.json"
pytestmark = pytest.mark.shared_data
DEFINITIONS: list[dict[str, Any]] = (
    json.loads(FILE.read_text(encoding="utf-8"))["instruments"] if FILE.exists() else []
)
INSTRUMENTS = read_instruments()
Answers = dict[str, float | None]
Bounds = dict[str, dict[str, Any]]


def bounds(definition: dict[str, Any]) -> Bounds:
    """Item -> its group with min, max and type."""
    return {name: group for group in definition["items"] for name in group["ids"]}


def random_answers(definition: dict[str, Any], rng: random.Random, holes: float) -> Answers:
    """Possible answers; clock times as minutes on the quarter of an hour, some missing."""
    answers: Answers = {}
    for name, group in bounds(definition).items():
        if rng.random() < holes:
            answers[name] = None
        elif group.get("type") == "clock_time":
            answers[name] = float(15 * rng.randrange(96))
        elif group.get("type") == "boolean":
            answers[name] = float(rng.randint(0, 1))
        elif group["integer"]:
            answers[name] = float(rng.randint(group["min"], group["max"]))
        else:
            answers[name] = round(rng.uniform(group["min"], min(group["max"], 120)), 1)
    return answers


def plain_score(
    definition: dict[str, Any], score: dict[str, Any], answers: Answers
) -> float | None:
    """One score by its method, one answer at a time."""
    method, limits = score["method"], bounds(definition)
    if method == "sum_of_scores":
        parts = [p for p in definition["scores"] if p["id"] in score["of"]]
        values = [plain_score(definition, part, answers) for part in parts]
        return None if None in values else sum(v for v in values if v is not None)
    names = score.get("items") or list(limits)
    if method == "sum_zero_fill":
        return sum(answers[name] or 0 for name in names)
    given = [
        counted(definition, name, value) for name in names if (value := answers[name]) is not None
    ]
    if len(given) < score["missing"]["min_answered"]:
        return None
    total, n = sum(given), len(given)
    if method in ("identity", "sum"):
        return total
    if method == "sum_prorated":
        return total * len(names) / n
    if method == "sum_scaled":
        return total * float(score["multiply"])
    if method == "sum_lookup":
        return float(score["lookup"][str(int(total))])
    if method == "percent_of_max":
        return 100 * total / sum(limits[m]["max"] for m in names if answers[m] is not None)
    if method == "mean_rescaled":
        return (total / n - float(score["subtract"])) * float(score["multiply"])
    assert method in ("mean", "recode_mean", "ppt"), method
    return total / n


def counted(definition: dict[str, Any], name: str, value: float) -> float:
    """An answer after reversal or recoding."""
    group = bounds(definition)[name]
    if name in definition["reverse"]:
        return float(group["min"] + group["max"] - value)
    for recode in definition.get("recode", []):
        if name in recode["ids"]:
            return float(recode["map"][str(int(value))])
    return value


def plain_psqi(a: Answers) -> dict[str, float | None]:
    """The sleep index, rule by rule."""

    def cut(x: float | None, tops: list[float]) -> float | None:
        return None if x is None else float(sum(x > top for top in tops))

    def add(*names: str) -> float | None:
        values = [a[name] for name in names]
        return None if None in values else sum(v for v in values if v is not None)

    hours, bed, up = a["sleep_hours"], a["bedtime"], a["getup"]
    latency, first = cut(a["latency_min"], [15, 30, 60]), a["da"]
    other = (a["dj"] or 0) if a["dj_comment_present"] else 0
    disturbed = add(*(f"d{letter}" for letter in "bcdefghi"))
    night = None if bed is None or up is None else (up - bed) % 1440 / 60
    share = None if hours is None or not night else 100 * hours / night
    parts: dict[str, float | None] = {
        "c1_quality": a["quality"],
        "c2_latency": None if latency is None or first is None else cut(latency + first, [0, 2, 4]),
        "c3_duration": None
        if hours is None
        else 0
        if hours > 7
        else 1
        if hours >= 6
        else 2
        if hours >= 5
        else 3,
        "c4_efficiency": None
        if share is None
        else 0
        if share >= 85
        else 1
        if share >= 75
        else 2
        if share >= 65
        else 3,
        "c5_disturbance": None if disturbed is None else cut(disturbed + other, [0, 9, 18]),
        "c6_medication": a["medication"],
        "c7_daytime": cut(add("drowsy", "enthusiasm"), [0, 2, 4]),
    }
    whole = list(parts.values())
    return parts | {"global": None if None in whole else sum(v for v in whole if v is not None)}


def plain_scores(definition: dict[str, Any], answers: Answers) -> dict[str, float | None]:
    """All scores that are figures and need no value set."""
    if definition["id"] == "psqi":
        return plain_psqi(answers)
    return {
        score["id"]: plain_score(definition, score, answers)
        for score in definition["scores"]
        if not score["method"].startswith("eq5d")
    }


def forms_of(definition: dict[str, Any]) -> list[Answers]:
    """Random forms: complete, with few holes, with many."""
    rng = random.Random(definition["id"])
    return [random_answers(definition, rng, holes) for holes in (0.0, 0.05, 0.3) for _ in range(60)]


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, int], dict[str, Any]]:
    """Every form scored in one SELECT, the questionnaires mixed as in a run: (id, number) -> scores."""
    places = [(d["id"], n) for d in DEFINITIONS for n in range(len(forms_of(d)))]
    random.Random(3).shuffle(places)
    forms = {definition["id"]: forms_of(definition) for definition in DEFINITIONS}
    ones = {name: one for (name, _), one in INSTRUMENTS.items()}
    rows = [
        {
            "response_no": row,
            "instrument": name,
            "version": ones[name].version,
            "status": "completed",
            "answers": [forms[name][number][item] for item in ones[name].item_ids],
        }
        for row, (name, number) in enumerate(places)
    ]
    licences = {name: {"accepted_by": "a", "date": "b", "reference": "c"} for name in ones}
    scores = score_rows(rows, ref_rows(INSTRUMENTS, licences))
    return {place: scores[row] for row, place in enumerate(places)}


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition["id"])
def test_the_select_agrees_with_the_slow_scorer(
    definition: dict[str, Any], found: dict[tuple[str, int], dict[str, Any]]
) -> None:
    for number, form in enumerate(forms_of(definition)):
        scores = found[definition["id"], number]
        for score_id, value in plain_scores(definition, form).items():
            wanted = None if value is None else pytest.approx(value, abs=1e-9)
            assert scores[score_id] == wanted, (score_id, form)


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition["id"])
def test_ranges_directions_and_licences_are_those_published(definition: dict[str, Any]) -> None:
    one = INSTRUMENTS[definition["id"], definition["version"]]
    assert one.needs_licence is not definition["licence"]["ship_scoring_default"]
    assert one.licence_tier == definition["licence"]["tier"][0]
    assert set(one.item_ids) == set(bounds(definition))
    for item in one.items:
        group = bounds(definition)[item.id]
        if "type" not in group:
            assert (item.min, item.max, item.integer) == (
                group["min"],
                group["max"],
                group["integer"],
            )
    for score in definition["scores"]:
        assert one.scores[score["id"]].direction == score["direction"]
        if len(score["range"]) == 2:
            assert one.scores[score["id"]].range == tuple(float(end) for end in score["range"])
