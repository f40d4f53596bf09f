"""EQ-5D value sets: `<data>/value_sets/<name>.csv`, the user's own, none is shipped.

Two layouts are read. A full table has a row per health state (`profile,index`). An additive set
has a row per term (`mo2,0.058` .. `ad5,0.335`, or `dimension,level,value`), with `intercept`
where the set takes something off every state but the best one. Both become profile -> index.
"""

import csv
import re
from itertools import product
from pathlib import Path

from schemas.instrument_types import InstrumentError

DIMENSIONS = ("mo", "sc", "ua", "pd", "ad")
_TERM = re.compile(r"(mo|sc|ua|pd|ad)[ _]?([1-5])")
_CONSTANTS = {
    "intercept": "intercept",
    "constant": "intercept",
    "fullhealth": "full_health",
    "full_health": "full_health",
}


def read_value_sets(folder: Path) -> dict[str, dict[str, float]]:
    """Name of the set (of its file) -> profile of five digits -> index."""
    return {path.stem: read_value_set(path) for path in sorted(folder.glob("*.csv"))}


def read_value_set(path: Path) -> dict[str, float]:
    """Profile -> index of one file."""
    rows = [_key_and_value(path, number, row) for number, row in _lines(path)]
    values = dict(row for row in rows if row)
    if not values:
        raise InstrumentError(f"{path}: no row of the form profile,index or term,value")
    if len(values) < sum(1 for row in rows if row):
        raise InstrumentError(f"{path}: a profile or term stands twice")
    profiles = {key: value for key, value in values.items() if re.fullmatch(r"[1-5]{5}", key)}
    terms = {key: value for key, value in values.items() if _TERM.fullmatch(key)}
    return profiles if not terms else _additive(path, values)


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Physical line and cells; a semicolon file may hold decimal commas."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InstrumentError(f"{path}: not UTF-8") from error
    delimiter = next((mark for mark in (";", "\t") if mark in text), ",")
    if delimiter != ",":
        text = text.replace(",", ".")
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
    return [(reader.line_num, [cell.strip() for cell in row]) for row in reader]


def _key_and_value(path: Path, line: int, row: list[str]) -> tuple[str, float] | None:
    """The row's profile or term with its value; None for a header or an empty row."""
    cells = [cell for cell in row if cell]
    key = "".join(cells[:-1]).lower() if len(cells) in (3, 6) else cells[0].lower() if cells else ""
    key = _CONSTANTS.get(key, key)
    is_term = _TERM.fullmatch(key) or key in _CONSTANTS.values() or re.fullmatch(r"[1-5]{5}", key)
    if not is_term and line <= 1:
        return None
    try:
        return (re.sub(r"[ _](?=\d)", "", key), float(cells[-1])) if cells else None
    except ValueError as error:
        raise InstrumentError(
            f"{path}, line {line}: expected a number in the last column"
        ) from error


def _additive(path: Path, terms: dict[str, float]) -> dict[str, float]:
    """Every profile from its terms. Sets are printed as decrements (positive) or as coefficients
    (negative); which of the two is read from the signs, and a mix is refused."""
    levels = {key: value for key, value in terms.items() if _TERM.fullmatch(key)}
    absent = [f"{d}{n}" for d in DIMENSIONS for n in range(2, 6) if f"{d}{n}" not in levels]
    if absent:
        raise InstrumentError(f"{path}: no value for {', '.join(absent)}")
    if min(levels.values()) < 0 < max(levels.values()):
        raise InstrumentError(f"{path}: decrements and coefficients mixed: give all one sign")
    sign = 1.0 if min(levels.values()) < 0 else -1.0
    best = terms.get("full_health", terms.get("11111", 1.0))
    intercept = terms.get("intercept", 0.0)
    # Papers print either what is taken off (0.047) or the constant that is left (0.953).
    start = intercept if abs(intercept) >= 0.5 else best + sign * intercept
    profiles = ("".join(map(str, state)) for state in product(range(1, 6), repeat=5))
    return {
        profile: start
        + sign * sum(levels.get(d + n, 0.0) for d, n in zip(DIMENSIONS, profile, strict=True))
        if profile != "11111"
        else best
        for profile in profiles
    }
