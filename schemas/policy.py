"""policy.toml: every number with clinical or release meaning; a user's file overrides single keys."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.errors import SourceWrong
from schemas.key_line import find_key_line

SHIPPED = Path(__file__).with_name("policy.toml")


@dataclass(frozen=True)
class Policy:
    """`values`: dotted key -> (number or word, source). Cells and windows are lists of their own."""

    values: dict[str, tuple[float | str, str]]
    cells: dict[str, list[str]]
    windows: list[dict[str, Any]]
    overridden: tuple[str, ...]

    def number(self, key: str) -> float:
        """A numeric policy value."""
        return float(self.values[key][0])


def read_policy(user_file: Path | None = None) -> Policy:
    """The shipped policy with the user's overrides; raises SourceWrong for a key that does not exist."""
    content = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    cells, windows = content.pop("cells"), content.pop("windows")
    values = {
        f"{table}.{key}": _value(entry)
        for table, keys in content.items()
        for key, entry in keys.items()
    }
    overridden: list[str] = []
    if user_file is not None and user_file.exists():
        text = user_file.read_text(encoding="utf-8")
        for key, entry in _user_values(user_file, text).items():
            if key not in values:
                raise SourceWrong(
                    f"{user_file}, line {find_key_line(text, key.split('.'))}, key {key}: no such policy; see schemas/policy.toml"
                )
            if isinstance(entry[0], str) != isinstance(values[key][0], str):
                kind = "a word" if isinstance(values[key][0], str) else "a number"
                raise SourceWrong(
                    f"{user_file}, line {find_key_line(text, key.split('.'))}, key {key}: expected {kind}"
                )
            values[key] = entry
            overridden.append(key)
    return Policy(values, cells, windows, tuple(overridden))


def _user_values(path: Path, text: str) -> dict[str, tuple[float | str, str]]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourceWrong(f"{path}: not a TOML file: {error}") from error
    return {
        f"{table}.{key}": _value(entry)
        for table, keys in content.items()
        for key, entry in keys.items()
    }


def _value(entry: Any) -> tuple[float | str, str]:
    if isinstance(entry, dict):
        return entry["value" if "value" in entry else "text"], str(
            entry.get("source", "the clinic's policy")
        )
    return entry, "the clinic's policy"
