"""Typed access to one TOML table, with errors that name file and key, and leftovers refused."""

import math
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from schemas.instrument_types import InstrumentError, Steps

_Plain = TypeVar("_Plain")
_REQUIRED = "\0"
_RUN = re.compile(r"([a-z_]*)(\d+)\.\.([a-z_]*)(\d+)")


class Table:
    """One TOML table of a questionnaire file; every key may be taken once."""

    def __init__(self, values: Mapping[str, Any], path: str, where: str = "") -> None:
        self.path = path
        self._where = where
        self._left = dict(values)

    def error(self, key: str, message: str) -> InstrumentError:
        """`file: section.key: message`."""
        return InstrumentError(f"{self.path}: {self._where}{key}: {message}")

    def plain(self, key: str, kind: type[_Plain], default: _Plain) -> _Plain:
        """The value of a key if it is of that type."""
        value = self._left.pop(key, default)
        if not isinstance(value, kind):
            raise self.error(key, f"expected {kind.__name__}, found {type(value).__name__}")
        return value

    def peek(self, key: str) -> Any:
        """The value of a key without taking it."""
        return self._left.get(key)

    def left(self) -> list[str]:
        """The keys that nobody has taken yet."""
        return list(self._left)

    def text(self, key: str, default: str = _REQUIRED) -> str:
        """A text; required unless a default is given."""
        value = self.plain(key, str, default)
        if value == _REQUIRED or (default == _REQUIRED and not value.strip()):
            raise self.error(key, "missing")
        return value

    def texts(self, key: str) -> list[str]:
        """A list of texts, empty if absent."""
        return [str(value) for value in self.plain(key, list, [])]

    def choice(self, key: str, allowed: tuple[str, ...], default: str = _REQUIRED) -> str:
        """One of a few words."""
        value = self.text(key, default)
        if value not in allowed:
            raise self.error(key, f"{value!r}: expected one of {', '.join(allowed)}")
        return value

    def number(self, key: str, default: float | None) -> float | None:
        """A finite number; a boolean is none."""
        value = self._left.pop(key, default)
        if value is None:
            return None
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise self.error(key, "expected a number")
        return float(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        return self.plain(key, bool, default)

    def mapping(self, key: str) -> dict[str, Any]:
        """A table as it is, empty if absent."""
        return self.plain(key, dict, {})

    def strings(self) -> dict[str, str]:
        """All that is left, as text."""
        taken, self._left = self._left, {}
        return {key: str(value) for key, value in taken.items()}

    def copy_without(self, key: str) -> "Table":
        """The same table for another reader, without one key."""
        left = {name: value for name, value in self._left.items() if name != key}
        return Table(left, self.path, self._where)

    def table(self, key: str, *, required: bool = True) -> "Table":
        """A sub-table; an absent one is empty unless required."""
        if required and not self._left.get(key):
            raise self.error(key, "missing")
        return Table(self.mapping(key), self.path, f"{self._where}{key}.")

    def tables(self, key: str) -> list["Table"]:
        """A list of sub-tables."""
        parts = self.plain(key, list, [])
        if not all(isinstance(part, dict) for part in parts):
            raise self.error(key, "expected a list of tables")
        return [Table(part, self.path, f"{self._where}{key}[{k}].") for k, part in enumerate(parts)]

    def sections(self) -> list[tuple[str, "Table"]]:
        """Every sub-table with its name."""
        return [(name, self.table(name, required=False)) for name in self.left()]

    def names(self, key: str) -> tuple[str, ...]:
        """One name, or a list of names; `q1..q7` is seven of them."""
        value = self._left.pop(key, None)
        parts = value if isinstance(value, list) else [value]
        names: list[str] = []
        for part in parts:
            if not isinstance(part, str) or not part:
                raise self.error(key, "expected the name of an item, or a run such as q1..q7")
            names += _spread(part)
        return tuple(names)

    def finish(self) -> None:
        """Refuse what nobody asked for: most often a misspelt key."""
        if self._left:
            raise self.error(", ".join(self._left), "unknown key")


def _spread(part: str) -> list[str]:
    """`q1..q7` -> q1 to q7; anything else is itself."""
    run = _RUN.fullmatch(part)
    if not run or run[1] != run[3]:
        return [part]
    return [f"{run[1]}{n}" for n in range(int(run[2]), int(run[4]) + 1)]


def item_names(
    table: Table, key: str, known: tuple[str, ...], *, required: bool = True
) -> tuple[str, ...]:
    """Names of items that exist, each once."""
    if not required and table.peek(key) is None:
        return ()
    names = table.names(key)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise table.error(key, f"no such item: {', '.join(unknown)}")
    if len(set(names)) != len(names):
        raise table.error(key, "an item is named twice")
    return names


def read_steps(table: Table, key: str) -> Steps | None:
    """A table in one of three spellings.

    `{ first = 4, values = [22.5, 26.6] }` counts up from the first code, `{ "1" = 100, "3" = 0 }`
    names each code, `[{ from = 5, value = 2 }, { above = 7, value = 0 }]` gives where steps start.
    """
    raw = table.peek(key)
    if raw is None:
        return None
    if isinstance(raw, dict) and "first" in raw:
        pairs = _counted_up(table.table(key))
    elif isinstance(raw, dict):
        pairs = [(_whole(table, key, code), float(value)) for code, value in raw.items()]
        table.mapping(key)
    else:
        pairs = [_step(part) for part in table.tables(key)]
    pairs.sort()
    if len({start for start, _ in pairs}) != len(pairs):
        raise table.error(key, "two steps start at the same place")
    return Steps(tuple(start for start, _ in pairs), tuple(value for _, value in pairs))


def _counted_up(part: Table) -> list[tuple[float, float]]:
    """Codes from `first` on, one for each of `values`."""
    first, values = part.number("first", None), part.plain("values", list, [])
    part.finish()
    if first is None or first % 1 or not values:
        raise part.error("first, values", "give the first code, a whole number, and the values")
    return [(first + place, float(value)) for place, value in enumerate(values)]


def _whole(table: Table, key: str, code: str) -> float:
    """The code of a lookup; codes are whole numbers, written as TOML keys."""
    if not re.fullmatch(r"-?\d+", code):
        raise table.error(key, f"{code!r}: codes of a table are whole numbers")
    return float(code)


def _step(part: Table) -> tuple[float, float]:
    """Start and value of one step. `above = 7` starts at the next double after 7: the comparison
    in SQL is then `>=` for all steps, and still exact."""
    start, above, value = (
        part.number("from", None),
        part.number("above", None),
        part.number("value", None),
    )
    part.finish()
    if value is None or (start is None) == (above is None):
        raise part.error("from, above, value", "give either from or above, and the value")
    return (math.nextafter(above, math.inf) if above is not None else start or 0.0), value
