"""Questionnaires as data: reads `instruments/*.toml` and the user's own, checked once on load.

The same definitions drive the contracts of survey exports, the scoring SELECT (through the
tables of `ref_rows`) and `followthrough score`. Adding one changes no code.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from schemas.instrument_ref import REF_COLUMNS, ref_rows
from schemas.instrument_toml import read_instrument
from schemas.instrument_types import (
    Band,
    Example,
    Instrument,
    InstrumentError,
    Item,
    ItemRecode,
    Mic,
    MissingRule,
    Score,
    Steps,
)

__all__ = [
    "REF_COLUMNS",
    "SHIPPED",
    "Band",
    "Example",
    "Instrument",
    "InstrumentError",
    "Item",
    "ItemRecode",
    "Mic",
    "MissingRule",
    "Score",
    "Steps",
    "read_instruments",
    "read_licences",
    "ref_rows",
]

SHIPPED = Path(__file__).parent / "instruments"


def read_instruments(*folders: Path) -> dict[tuple[str, str], Instrument]:
    """(id, version) -> questionnaire, from the shipped folder and the user's, in that order.

    A user's file may not redefine a shipped (id, version): the same key would then mean two
    things in two clinics. It takes a version of its own.
    """
    found: dict[tuple[str, str], Instrument] = {}
    for folder in folders or (SHIPPED,):
        for instrument in _shipped() if folder == SHIPPED else _read(folder):
            if instrument.key in found:
                raise InstrumentError(
                    f"{instrument.path}: id, version: {instrument.id} {instrument.version} is already defined "
                    f"in {found[instrument.key].path}; give yours another version"
                )
            found[instrument.key] = instrument
    return found


def _read(folder: Path) -> list[Instrument]:
    """The questionnaires of one folder, by file name."""
    return [read_instrument(path) for path in sorted(folder.glob("*.toml"))]


@cache
def _shipped() -> tuple[Instrument, ...]:
    """Those do not change while a process runs, and one run asks for them many times."""
    return tuple(_read(SHIPPED))


def read_licences(path: Path) -> dict[str, dict[str, Any]]:
    """Questionnaire id -> who accepted its licence, when, with what reference; {} without a file."""
    if not path.exists():
        return {}
    try:
        licences = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InstrumentError(f"{path}: not a TOML file: {error}") from error
    for name, licence in licences.items():
        absent = _absent_keys(licence)
        if absent:
            raise InstrumentError(
                f"{path}: [{name}]: {', '.join(absent)} missing; say who "
                "accepted the licence, when, and under what reference"
            )
    return licences


def _absent_keys(licence: Mapping[str, Any] | Any) -> list[str]:
    """Which of the three statements an acceptance lacks; an empty one counts as lacking."""
    stated = licence if isinstance(licence, dict) else {}
    return [key for key in ("accepted_by", "date", "reference") if not stated.get(key)]
