"""Controlled vocabularies: the shipped ones and what `<data>/vocabulary.toml` adds to four of them."""

import tomllib
from pathlib import Path
from typing import Any

from schemas.errors import SourceWrong
from schemas.key_line import find_key_line

SHIPPED = Path(__file__).with_name("vocabulary.toml")
EXTENSIBLE = ("condition", "setting", "technique", "modality")

# vocabulary -> code -> {"label": .., "group": ..}
Vocabularies = dict[str, dict[str, dict[str, str]]]


def read_vocabularies(user_file: Path | None = None) -> Vocabularies:
    """All vocabularies; raises SourceWrong where the user's file names anything it may not."""
    vocabularies = _entries(tomllib.loads(SHIPPED.read_text(encoding="utf-8")))
    if user_file is None or not user_file.exists():
        return vocabularies
    text = user_file.read_text(encoding="utf-8")
    try:
        added = _entries(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SourceWrong(f"{user_file}: not a TOML file: {error}") from error
    except (AttributeError, KeyError, TypeError) as error:
        raise SourceWrong(
            f'{user_file}: each entry is code = "label" or code = {{ label = "..", group = ".." }}'
        ) from error
    for name, codes in added.items():
        if name not in EXTENSIBLE:
            raise SourceWrong(
                f"{user_file}, line {find_key_line(text, [name])}, key {name}: only {', '.join(EXTENSIBLE)} can be extended"
            )
        if "all" in codes:
            raise SourceWrong(
                f"{user_file}, line {find_key_line(text, [name, 'all'])}, key {name}.all: 'all' is reserved for totals"
            )
        vocabularies[name] |= codes
    return vocabularies


def _entries(content: dict[str, Any]) -> Vocabularies:
    return {
        name: {code: _entry(entry) for code, entry in codes.items()}
        for name, codes in content.items()
    }


def _entry(entry: str | dict[str, str]) -> dict[str, str]:
    if isinstance(entry, str):
        return {"label": entry, "group": "other"}
    return {"label": entry["label"], "group": entry.get("group", "other")}
