"""Numbers and questionnaires as data: policy.toml and schemas/instruments/*.toml, read by tomllib."""

import tomllib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Window:
    """An analysis window in study days (clinical 4.1). `weeks` is the shortest plan it applies to."""

    visit: str
    low: int
    target: int
    high: int
    min_weeks: int | None
    single: bool


@dataclass(frozen=True)
class Policy:
    """policy.toml: numbers by `section.key`, the analysis windows, and which cells exist."""

    numbers: dict[str, Any]
    windows: list[Window]
    levels: list[str]
    durations: list[str]
    splits: list[str]

    def exact(self, key: str) -> Fraction:
        """A policy number as it is written, so that 0.8 means 4/5."""
        return Fraction(str(self.numbers[key]))


@dataclass(frozen=True)
class Score:
    """One score of a questionnaire: how it is computed and how its change is judged."""

    instrument: str
    version: str
    score_id: str
    method: str
    items: list[str]
    missing: dict[str, Any]
    direction: str
    low: float
    high: float
    percent_change: bool
    mic: dict[str, Any] | None


@dataclass(frozen=True)
class Instrument:
    """One questionnaire: items in answer order with (min, max, integer), reversed items, scores."""

    instrument: str
    version: str
    items: dict[str, tuple[float, float, bool]]
    reverse: set[str]
    recall_days: float | None
    scores: dict[str, Score]


def read_policy(path: Path) -> Policy:
    """The shipped policy; sections of single numbers become `section.key`."""
    text = tomllib.loads(path.read_text(encoding="utf-8"))
    numbers = {}
    for section, entries in text.items():
        if section not in ("cells", "windows"):
            for key, entry in entries.items():
                numbers[f"{section}.{key}"] = entry["value" if "value" in entry else "text"]
    windows = [
        Window(
            w["visit"], w["lo"], w["target"], w["hi"], w.get("min_weeks"), w.get("single", False)
        )
        for w in text["windows"]
    ]
    cells = text["cells"]
    return Policy(numbers, windows, cells["levels"], cells["durations"], cells["splits"])


# The questionnaires of the demo network: the oracle knows the methods of these and of no others.
KNOWN = ("nrs_pain", "peg", "gad7", "pss10", "phq9")


def read_instruments(folder: Path) -> dict[tuple[str, str], Instrument]:
    """The known questionnaires by (instrument, version)."""
    found = {}
    for name in KNOWN:
        text = (folder / f"{name}.toml").read_text(encoding="utf-8")
        one = instrument_of(tomllib.loads(text))
        found[one.instrument, one.version] = one
    return found


def instrument_of(text: dict[str, Any]) -> Instrument:
    """A questionnaire from its TOML (the form of architecture 8, User questionnaire)."""
    items = {
        item: (block["min"], block["max"], block.get("integer", True))
        for block in text["items"]
        for item in spelled_out([block["id"]])
    }
    scores = {name: score_of(text, name, body) for name, body in text["scores"].items()}
    reverse = set(spelled_out(text.get("reverse", [])))
    return Instrument(text["id"], text["version"], items, reverse, text.get("recall_days"), scores)


def spelled_out(names: list[str]) -> list[str]:
    """`q1..q3` means q1, q2, q3."""
    found = []
    for name in names:
        first, _, last = name.partition("..")
        stem = first.rstrip("0123456789")
        numbers = range(int(first[len(stem) :]), int(last[len(stem) :]) + 1) if last else ()
        found.extend([f"{stem}{number}" for number in numbers] if last else [name])
    return found


def score_of(text: dict[str, Any], name: str, body: dict[str, Any]) -> Score:
    """One `[scores.<name>]` block with the MIC rows that speak of it."""
    low, high = body["range"]
    shared = [row for row in text.get("mic", []) if name in row.get("scores", [name])]
    return Score(
        instrument=text["id"],
        version=text["version"],
        score_id=name,
        method=body["method"],
        items=spelled_out(body.get("items", [])),
        missing=body.get("missing", {"policy": "complete_only"}),
        direction=body["direction"],
        low=low,
        high=high,
        percent_change=text.get("percent_change", False),
        mic=default_mic(body.get("mic", []) + shared),
    )


def default_mic(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The MIC row that the marts use: the one marked default, else the first in points."""
    # spec silent: "the configured row" (4.3) without a mark. Points come first, because a percent
    # row already has its own responder columns.
    marked = [row for row in rows if row.get("default")]
    points = [row for row in rows if row["unit"] == "points"]
    first = marked or points or rows
    return first[0] if first else None
