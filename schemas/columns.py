"""How a column of a contract is declared: its meaning, how its text is read, and what is allowed.

One declaration serves three readers: the canonicaliser (kind: how text becomes a typed value), Pandera
(type, range, nullability) and the generated documentation. It also says how far a bad cell reaches: most refuse
their record, those that only describe are blanked.
"""

from typing import Any, Literal

import pandera.polars as pa

# kind -> what the export may hold; the canonicaliser has one parser for each.
KINDS = ("id", "text", "code", "number", "integer", "boolean", "date", "instant", "zone")
LANGUAGE = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$"


def column(
    kind: str,
    meaning: str,
    *,
    vocabulary: str | None = None,
    unit: str | None = None,
    required: bool = False,
    severity: Literal["row", "cell"] = "row",
    **checks: Any,
) -> Any:
    """A Pandera field with the metadata that reading needs.

    `vocabulary` names a table of vocabulary.toml (kind `code`); `unit` is the canonical unit, to which
    an export's own unit is converted; `required` means that no row may lack it where it is mapped.
    `severity` is that of a cell which cannot be used: `row` refuses the record, `cell` blanks the cell with a
    note. Only what describes and decides nothing may be blanked: never what makes a record count, tells whose
    it is, or puts it into a cell of a mart.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind}")
    if required and severity == "cell":
        raise ValueError("a required cell cannot be blanked")
    metadata = {"kind": kind, "vocabulary": vocabulary, "unit": unit, "severity": severity}
    return pa.Field(nullable=not required, metadata=metadata, description=meaning, **checks)
