"""reference.toml: what the tables of schema `ref` and their columns mean."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class ReferenceTable:
    """One table of `ref`: grain, key, and the meaning of every column, in their order."""

    name: str
    description: str
    key: tuple[str, ...]
    columns: dict[str, str]
    is_view: bool = False


@cache
def read_reference_tables() -> dict[str, ReferenceTable]:
    """`ref.<table>` -> its documentation."""
    told = tomllib.loads(Path(__file__).with_name("reference.toml").read_text(encoding="utf-8"))
    return {
        f"ref.{name}": ReferenceTable(
            f"ref.{name}", table["description"], tuple(table["key"]), table["columns"]
        )
        for name, table in told.items()
    }
