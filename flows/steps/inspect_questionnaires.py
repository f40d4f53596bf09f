"""Questionnaires recognised by the names of their item columns, their totals, or FHIR linkIds."""

import re
from dataclasses import dataclass, field

import polars as pl

from flows.steps.inspect_words import plain, read_words
from schemas.instrument import Instrument

_TOTAL = r"(?:total|score|sum|gesamt|summe|tot)"
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
        return f"{name}: {'; '.join(parts) or 'by its LOINC code'}"


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
        if not own & taken:
            taken |= own
            kept.append(_with_answers(found, frame))
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
        if match := re.fullmatch(pattern, column, re.IGNORECASE):
            rests.append(match[1] if match[1] is not None else match[2])
    return rests


def _with_answers(found: Found, frame: pl.DataFrame) -> Found:
    """Add the answers that are words, where they are few: they need a figure each."""
    columns = [c for c in found.items.values() if c in frame.columns]
    if not columns:
        return found
    cells = pl.concat([frame[c].alias("cell") for c in columns]).drop_nulls().str.strip_chars()
    words = cells.filter(~cells.str.contains(r"^[+-]?[\d.,:]*$")).unique().sort()
    return Found(
        found.instrument, found.items, found.totals, tuple(words) if len(words) <= 12 else ()
    )


def find_in_fhir(
    link_ids: tuple[str, ...], known: dict[tuple[str, str], Instrument]
) -> list[Found]:
    """Questionnaires of FHIR responses: by linkIds such as PHQ9.1, or by the LOINC code of the panel."""
    found = find_questionnaires(link_ids, pl.DataFrame(), known)
    panels = {
        id_ for code, id_ in read_words()["loinc"].items() if any(code in link for link in link_ids)
    }
    seen = {f.instrument.id for f in found}
    return found + [Found(i, {}, {}) for i in known.values() if i.id in panels - seen]
