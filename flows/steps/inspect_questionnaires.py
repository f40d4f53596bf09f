"""Questionnaires recognised by the names of their item columns, their totals, or FHIR linkIds."""

import re
from dataclasses import dataclass, field, replace

import polars as pl

from flows.steps.inspect_words import plain, read_words
from schemas.instrument import Instrument

_TOTAL = r"(?:total|score|sum|gesamt|summe|tot)"
# What exports write for an answer that was not given; a questionnaire may have one of them as an answer.
_CODES_OF_MISSING = {
    "-99",
    "-98",
    "-97",
    "-9",
    "-8",
    "-7",
    "-1",
    "9",
    "98",
    "99",
    "88",
    "77",
    "999",
    "998",
    "888",
    "777",
}
_MIN_SHARE = 0.5  # of the items; fewer is a likeness of names


@dataclass(frozen=True)
class Found:
    """One questionnaire in one export: item id -> column, and columns that hold a total.

    A total whose name says more than `total` stands for a visit: `totals` is column -> that rest.
    """

    instrument: Instrument
    items: dict[str, str]
    totals: dict[str, str]
    answers: tuple[str, ...] = field(default=())
    n_outside: int = 0
    coded_missing: tuple[str, ...] = field(default=())

    @property
    def range_told(self) -> str | None:
        """What speaks against it: figures that no item of it can have."""
        if not self.n_outside:
            return None
        lowest = min(item.min for item in self.instrument.items)
        highest = max(item.max for item in self.instrument.items)
        coded = (
            f"; {', '.join(self.coded_missing)} may stand for missing" if self.coded_missing else ""
        )
        return f"{self.n_outside} answers lie outside {lowest:g} to {highest:g}{coded}"

    @property
    def is_whole(self) -> bool:
        """Whether every item has its column."""
        return len(self.items) == len(self.instrument.item_ids)

    @property
    def pattern(self) -> str | None:
        """`gad7_{n}`, where one pattern names all items in their order."""
        first = self.items.get(self.instrument.item_ids[0], "")
        if len(self.items) < 2 or not self.is_whole or not first.endswith("1"):
            return None
        stem = first[:-1]
        expected = [f"{stem}{n}" for n in range(1, len(self.items) + 1)]
        given = [self.items[item] for item in self.instrument.item_ids]
        return stem + "{n}" if given == expected else None

    def __str__(self) -> str:
        name = f"{self.instrument.id} (version {self.instrument.version})"
        parts = []
        if self.items:
            parts.append(f"{len(self.items)} of {len(self.instrument.item_ids)} items")
        if self.totals:
            parts.append(f"{len(self.totals)} totals: {', '.join(self.totals)}")
        parts += [self.range_told] if self.range_told else []
        return f"{name}: {'; '.join(parts) or 'by its LOINC code'}"


def score_id(instrument: Instrument) -> str:
    """The score that a total of a source stands for, unless it says more: the first."""
    return next(iter(instrument.scores))


def find_questionnaires(
    columns: tuple[str, ...], frame: pl.DataFrame, known: dict[tuple[str, str], Instrument]
) -> list[Found]:
    """The questionnaires of a table, each column given to one only; fuller matches first."""
    candidates = [found for i in known.values() if (found := _match(columns, i)) is not None]
    candidates.sort(key=lambda f: (-len(f.items), -len(f.totals), f.instrument.id))
    taken: set[str] = set()
    kept = []
    for found in candidates:
        own = {*found.items.values(), *found.totals}
        told = _with_answers(found, frame)
        if not own & taken and _is_likely(told, frame):
            taken |= own
            kept.append(told)
    return kept


def _match(columns: tuple[str, ...], instrument: Instrument) -> Found | None:
    items: dict[str, str] = {}
    totals: dict[str, str] = {}
    labels = _labels(instrument)
    for column in columns:
        rests = _rests(column, instrument)
        item = next((labels[plain(rest)] for rest in rests if plain(rest) in labels), None)
        if item is not None and item not in items:
            items[item] = column
        for rest in rests:
            if total := re.fullmatch(rf"(.*?)[\W_]*{_TOTAL}[\W_]*(.*)", rest, re.IGNORECASE):
                parts = (part.strip("_-. ") for part in total.groups())
                totals.setdefault(column, " ".join(part for part in parts if part))
        if "" in rests:  # the bare name of several questions is their total
            totals.setdefault(column, "")
    if len(items) < max(1, _MIN_SHARE * len(instrument.item_ids)):
        items = {}
    is_single = len(instrument.item_ids) == 1
    totals = {} if is_single else {c: r for c, r in totals.items() if c not in items.values()}
    return Found(instrument, items, totals) if items or totals else None


def _labels(instrument: Instrument) -> dict[str, str]:
    """How the items of a questionnaire may be called behind its name."""
    labels = {plain(item): item for item in instrument.item_ids}
    for number, item in enumerate(instrument.item_ids, 1):
        labels |= {
            f"{word}{number:{form}}": item for word in ("", "q", "item", "i") for form in ("", "02")
        }
    if len(instrument.item_ids) == 1:  # one question: its name alone is the column's
        labels |= dict.fromkeys(("", "score", "now", "today"), instrument.item_ids[0])
    return labels


def _rests(column: str, instrument: Instrument) -> list[str]:
    """What follows the questionnaire's name in a column's, by each of its names; [] where it bears none."""
    aliases = {*read_words()["instruments"].get(instrument.id, []), instrument.id}
    rests = []
    for alias in sorted(aliases, key=len, reverse=True):
        letters = r"[\W_]*".join(map(re.escape, plain(alias)))
        pattern = rf"{letters}(?:(?![a-z])[\W_]*(.*)|({_TOTAL}.*))"
        for spelt in dict.fromkeys((column, column.rpartition(" - ")[2])):  # question - answer
            if match := re.fullmatch(pattern, spelt, re.IGNORECASE):
                rests.append(match[1] if match[1] is not None else match[2])
    return rests


def _with_answers(found: Found, frame: pl.DataFrame) -> Found:
    """Add the answers that are words, where they are few: they need a figure each; and count figures out of range."""
    columns = {item: c for item, c in found.items.items() if c in frame.columns}
    if not columns:
        return found
    cells = pl.concat([frame[c].alias("cell") for c in columns.values()])
    cells = cells.drop_nulls().str.strip_chars()
    words = cells.filter(~cells.str.contains(r"^[+-]?[\d.,:]*$")).unique().sort()
    items = {item.id: item for item in found.instrument.items}
    n_outside, coded = 0, set()
    for item, column in columns.items():
        beyond = _beyond(frame[column], items[item].min, items[item].max)
        n_outside += len(beyond)
        coded |= set(beyond) & _CODES_OF_MISSING
    return replace(
        found,
        answers=tuple(words) if len(words) <= 12 else (),
        n_outside=n_outside,
        coded_missing=tuple(sorted(coded)),
    )


def _beyond(cells: pl.Series, lowest: float, highest: float) -> list[str]:
    """The figures outside a range."""
    figures = cells.drop_nulls().str.strip_chars().str.replace(",", ".", literal=True)
    values = figures.cast(pl.Float64, strict=False)
    beyond = (values < lowest) | (values > highest)
    return figures.filter(beyond.fill_null(False)).to_list()


def _is_likely(found: Found, frame: pl.DataFrame) -> bool:
    """One question is recognised by its name alone, and so are totals: their figures must fit it."""
    if found.items and len(found.instrument.item_ids) > 1:
        return True
    first = found.instrument.scores[score_id(found.instrument)]
    columns = [c for c in (*found.items.values(), *found.totals) if c in frame.columns]
    ends = first.range if not found.items else None
    n_outside = found.n_outside
    if ends is not None:
        n_outside = sum(len(_beyond(frame[c], *ends)) for c in columns)
    n_filled = sum(int((frame[c].fill_null("") != "").sum()) for c in columns)
    return n_outside * 2 <= n_filled


def find_in_fhir(
    codes: dict[str, frozenset[str]],
    panels: frozenset[str],
    frame: pl.DataFrame,
    known: dict[tuple[str, str], Instrument],
) -> list[Found]:
    """Questionnaires of FHIR responses: by linkIds such as PHQ9.1, else by the LOINC codes of items, else of the panel."""
    found = find_questionnaires(tuple(codes), frame, known)
    seen = {f.instrument.id for f in found}
    for instrument in known.values():
        if instrument.id not in seen and (coded := _by_codes(codes, panels, instrument)):
            found.append(_with_answers(coded, frame))
    return found


def _by_codes(
    codes: dict[str, frozenset[str]], panels: frozenset[str], instrument: Instrument
) -> Found | None:
    """An item's linkId is that beside which its code stands; the total's likewise."""
    own = read_words()["loinc_items"].get(instrument.id, {})
    places = {code: link_id for link_id, several in codes.items() for code in several}
    items = {part: places[code] for part, code in own.items() if code in places}
    totals = {items.pop("total"): ""} if "total" in items else {}
    if len(items) >= _MIN_SHARE * len(instrument.item_ids):
        return Found(instrument, items, totals)
    panel_codes = {c for c, id_ in read_words()["loinc"].items() if id_ == instrument.id}
    is_named = (panel_codes | set(own.values())) & (panels | places.keys())
    return Found(instrument, {}, {}) if is_named else None
