"""What a questionnaire is: items, scores, missing rules, bands, minimal important changes.

Plain frozen values without any reading or checking; `instrument.py` is the public face.
A questionnaire is known by (id, version): two versions never share a score.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from schemas.errors import SourceWrong


class InstrumentError(SourceWrong):
    """A questionnaire, licence or value-set file that cannot be used; names file and key."""


@dataclass(frozen=True)
class Item:
    """One answer of a questionnaire, known by its neutral key; never its wording.

    kind: `number`, `clock` (held as minutes after midnight) or `boolean` (held as 0 and 1).
    accepts_range: an answer such as "30 to 60" stands for its middle.
    restricted: not for analysts (a safety item).
    """

    id: str
    min: float
    max: float
    integer: bool = True
    kind: str = "number"
    accepts_range: bool = False
    restricted: bool = False


@dataclass(frozen=True)
class Steps:
    """A step function: `values[k]` holds from `starts[k]` on; below the first start it is null."""

    starts: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class MissingRule:
    """How many items must be answered, and what stands for the others."""

    policy: str
    min_answered: int
    source: str = ""
    verification: str = ""


@dataclass(frozen=True)
class Band:
    """A named stretch of a score, [lo, hi), or (lo, hi] where the questionnaire closes right."""

    lo: float
    hi: float
    label: str


@dataclass(frozen=True)
class Mic:
    """A minimal important change of a score: one row per published value, with its population."""

    value: float
    unit: str
    label: str
    population: str
    source: str
    verification: str


@dataclass(frozen=True)
class Score:
    """One figure computed from a response; method as in docs/questionnaires.md."""

    id: str
    method: str
    items: tuple[str, ...]
    of: tuple[str, ...]
    direction: str
    range: tuple[float, float] | None
    missing: MissingRule
    missing_options: Mapping[str, MissingRule]
    bands: tuple[Band, ...] = ()
    bands_closed: str = "left"
    bands_source: str = ""
    bands_verification: str = ""
    mic: tuple[Mic, ...] = ()
    subtract: float = 0.0
    multiply: float = 1.0
    table: Steps | None = None
    table_version: str = ""
    is_text: bool = False
    counted_if: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ItemRecode:
    """What an answer counts: a line (reversal is one), or steps where no line fits."""

    slope: float = 1.0
    intercept: float = 0.0
    steps: Steps | None = None

    def __call__(self, answer: float) -> float | None:
        """The recoded answer; null below the first step."""
        if self.steps is None:
            return self.slope * answer + self.intercept
        place = bisect_right(self.steps.starts, answer)
        return self.steps.values[place - 1] if place else None

    def reach(self, item: Item) -> tuple[float, float]:
        """Lowest and highest value that the answers of the item can count."""
        ends = (
            self.steps.values
            if self.steps
            else [self.slope * end + self.intercept for end in (item.min, item.max)]
        )
        return min(ends), max(ends)


@dataclass(frozen=True)
class Example:
    """Answers under options, with the scores that must come out (None: not scorable) or the error."""

    answers: Mapping[str, object]
    options: Mapping[str, object]
    scores: Mapping[str, float | str | None]
    error: str
    note: str


@dataclass(frozen=True)
class Instrument:
    """A questionnaire in one version. `items` is in the order of the landed `answers` list."""

    id: str
    version: str
    name: str
    domains: tuple[str, ...]
    items: tuple[Item, ...]
    scores: Mapping[str, Score]
    recode: Mapping[str, ItemRecode]
    coding_variants: Mapping[str, Mapping[str, ItemRecode]]
    units: Mapping[str, float]
    units_per_probe: Mapping[str, float]
    recall: str
    recall_days: int | None
    percent_change: bool
    percent_change_min_baseline: float
    has_baseline: bool
    licence_tier: str
    licence_note: str
    licence_verification: str
    needs_licence: bool
    verification: str
    history: tuple[Mapping[str, str], ...]
    notes: tuple[str, ...]
    examples: tuple[Example, ...]
    definition_sha256: str
    path: str

    @property
    def key(self) -> tuple[str, str]:
        """(id, version): what `read_instruments` maps from."""
        return self.id, self.version

    @property
    def item_ids(self) -> tuple[str, ...]:
        """Item keys; the place in this tuple is the place in `answers`."""
        return tuple(item.id for item in self.items)

    @property
    def missing_options(self) -> frozenset[str]:
        """Names that `options = { missing = ".." }` may carry for this questionnaire."""
        return frozenset(name for score in self.scores.values() for name in score.missing_options)

    def items_as_coded(self, coding_variant: str | None) -> tuple[Item, ...]:
        """The items with the range of the codes that an export in this variant may hold."""
        recodes = self.coding_variants.get(coding_variant or "", {})
        return tuple(_as_coded(item, recodes.get(item.id)) for item in self.items)


def _as_coded(item: Item, recode: ItemRecode | None) -> Item:
    """The item with minimum and maximum before recoding."""
    if recode is None:
        return item
    if recode.steps:
        ends = list(recode.steps.starts)
    else:
        ends = [(end - recode.intercept) / recode.slope for end in (item.min, item.max)]
    return replace(item, min=min(ends), max=max(ends))
