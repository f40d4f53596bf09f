"""How a column of a contract is declared: its meaning, how its text is read, and what is allowed.

One declaration serves three readers: the canonicaliser (kind: how text becomes a typed value), Pandera
(type, range, nullability) and the generated documentation.
"""

from typing import Any

import pandera.polars as pa

# kind -> what the export may hold; the canonicaliser has one parser for each.
KINDS = ("id", "text", "code", "number", "integer", "boolean", "date", "instant", "zone")


def column(
    kind: str,
    meaning: str,
    *,
    vocabulary: str | None = None,
    unit: str | None = None,
    required: bool = False,
    **checks: Any,
) -> Any:
    """A Pandera field with the metadata that reading needs.

    `vocabulary` names a table of vocabulary.toml (kind `code`); `unit` is the canonical unit, to which
    an export's own unit is converted; `required` means that no row may lack it where it is mapped.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind}")
    metadata = {"kind": kind, "vocabulary": vocabulary, "unit": unit}
    return pa.Field(nullable=not required, metadata=metadata, description=meaning, **checks)
