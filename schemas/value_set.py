"""EQ-5D value sets: `<data>/value_sets/<name>.csv`, the user's own, none is shipped.

Two layouts are read. A full table has a row per health state (`profile,index`). An additive set
has a row per term (`mo2,0.058` .. `ad5,0.289`, or `dimension,level,value`), with `intercept`
where the set takes something off every state but the best one. Both become profile -> index.
docs/questionnaires.md tells users the same at length.
"""

import csv
import math
import re
from itertools import product
from pathlib import Path

from schemas.instrument_types import InstrumentError

DIMENSIONS = ("mo", "sc", "ua", "pd", "ad")
_NAMES = {
    "mobility": "mo",
    "selfcare": "sc",
    "usualactivities": "ua",
    "paindiscomfort": "pd",
    "anxietydepression": "ad",
    "constant": "intercept",
}
_PROFILE = re.compile(r"[1-5]{5}")
_TERM = re.compile(r"(mo|sc|ua|pd|ad)[1-5]")
_CONSTANTS = ("intercept", "fullhealth")


def read_value_sets(folder: Path) -> dict[str, dict[str, float]]:
    """Name of the set (of its file) -> profile of five digits -> index."""
    return {path.stem: read_value_set(path) for path in sorted(folder.glob("*.csv"))}


def read_value_set(path: Path) -> dict[str, float]:
    """Profile -> index of one file."""
    rows = [_key_and_value(path, *line) for line in _lines(path)]
    keys = [key for key, _ in rows]
    if not keys:
        raise InstrumentError(f"{path}: no row of the form profile,index or term,value")
    if len(set(keys)) < len(keys):
        raise InstrumentError(f"{path}: a profile or term stands twice")
    if all(_PROFILE.fullmatch(key) for key in keys):
        return dict(rows)
    return _additive(path, dict(rows))


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Physical line and cells, without empty lines, remarks and a header; `;` goes with decimal commas."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InstrumentError(f"{path}: not UTF-8") from error
    delimiter = next((mark for mark in (";", "\t") if mark in text), ",")
    if delimiter != ",":
        text = text.replace(",", ".")
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
    lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    filled = [(n, cells) for n, cells in lines if any(cells) and not cells[0].startswith("#")]
    has_header = bool(filled) and _number(filled[0][1][-1]) is None
    return filled[1:] if has_header else filled


def _number(cell: str) -> float | None:
    """A finite number, else None."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _key_and_value(path: Path, line: int, row: list[str]) -> tuple[str, float]:
    """The row's profile, term or constant (`MO 2`, `mobility,2` and `mo2` are one) with its value."""
    cells = [cell for cell in row if cell]
    key = re.sub(r"[^a-z0-9]", "", "".join(cells[:-1]).lower())
    for name, short in _NAMES.items():
        key = key.replace(name, short)
    value = _number(cells[-1])
    if value is None:
        raise InstrumentError(f"{path}, line {line}: expected a number in the last column")
    if not (_TERM.fullmatch(key) or _PROFILE.fullmatch(key) or key in _CONSTANTS):
        raise InstrumentError(
            f"{path}, line {line}: expected a profile (21111), a term (mo2), intercept or "
            "full_health; a set with other terms must be given as a table of all profiles"
        )
    return key, value


def _additive(path: Path, terms: dict[str, float]) -> dict[str, float]:
    """Every profile from its terms. Sets are printed as decrements (positive) or as coefficients
    (negative); which of the two is read from the signs, and a mix is refused."""
    levels = {key: value for key, value in terms.items() if _TERM.fullmatch(key)}
    absent = [f"{d}{n}" for d in DIMENSIONS for n in range(2, 6) if f"{d}{n}" not in levels]
    if absent:
        raise InstrumentError(f"{path}: no value for {', '.join(absent)}")
    if states := [key for key in terms if _PROFILE.fullmatch(key) and key != "11111"]:
        raise InstrumentError(f"{path}: terms and profiles mixed: {', '.join(states[:3])}")
    if min(levels.values()) < 0 < max(levels.values()):
        raise InstrumentError(f"{path}: decrements and coefficients mixed: give all one sign")
    sign = 1.0 if min(levels.values()) < 0 else -1.0
    best = terms.get("fullhealth", terms.get("11111", 1.0))
    start = _start(path, terms.get("intercept", 0.0), best, sign)
    profiles = ("".join(map(str, state)) for state in product(range(1, 6), repeat=5))
    return {
        profile: start
        + sign * sum(levels.get(d + n, 0.0) for d, n in zip(DIMENSIONS, profile, strict=True))
        if profile != "11111"
        else best
        for profile in profiles
    }


def _start(path: Path, intercept: float, best: float, sign: float) -> float:
    """What is left before any term: papers print what is taken off (0.047), or what stays (0.953)."""
    if abs(intercept) >= 0.5:
        return intercept
    if intercept * sign > 0:
        raise InstrumentError(f"{path}: intercept and terms of different sign: give all one sign")
    return best - abs(intercept)
