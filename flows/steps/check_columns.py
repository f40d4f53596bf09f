"""Whether the columns of a mapping can mean what they say: units, date forms and codes against the contract.

Found before an export is opened and named with file, line and key (exit 11): a unit that does not fit would
otherwise be overlooked, and a code mapped to a word that does not exist would refuse every row.
"""

from typing import Any

from flows.steps import parse
from flows.steps.canonicalise import ALTERNATES, CONTRACTS
from schemas.errors import SourceWrong
from schemas.source import ColumnMap, Source
from schemas.vocabulary import Vocabularies

TIME_UNITS = ("epoch_s", "epoch_ms", "excel_serial")
FACTORS = {"min": tuple(parse.MINUTES), "fraction": tuple(parse.FRACTION)}
YES_NO = parse.TRUE + parse.FALSE


def check_columns(source: Source, vocabularies: Vocabularies) -> None:
    """Check units, formats and codes; raises SourceWrong at the first that does not fit."""
    contract = CONTRACTS[source.mapping.table].to_schema().columns
    kinds: dict[str, dict[str, Any]] = {name: {"kind": kind} for name, kind in ALTERNATES.items()}
    kinds |= {name: column.metadata for name, column in contract.items()}
    for name, column in source.mapping.columns.items():
        _check_unit(source, name, column, kinds[name])
        _check_format(source, name, column, kinds[name])
    for name, codes in source.mapping.codes.items():
        if name not in source.mapping.columns:
            raise _wrong(source, ("codes", name), "[columns] does not map a column of that name")
        _check_codes(source, name, codes, kinds[name], vocabularies)


def _check_unit(source: Source, name: str, column: ColumnMap, metadata: dict[str, Any]) -> None:
    if metadata["kind"] in ("date", "instant"):
        fitting: tuple[str, ...] = TIME_UNITS
    else:
        fitting = FACTORS.get(metadata.get("unit") or "", ())
    if column.unit is not None and column.unit not in fitting:
        allowed = f"use {', '.join(fitting)}" if fitting else "it takes none; leave unit out"
        raise _wrong(
            source, ("columns", name, "unit"), f"'{column.unit}' is no unit of {name}; {allowed}"
        )


def _check_format(source: Source, name: str, column: ColumnMap, metadata: dict[str, Any]) -> None:
    if column.format is not None and metadata["kind"] not in ("date", "instant"):
        raise _wrong(
            source, ("columns", name, "format"), "only dates and times have a format; leave it out"
        )


def _check_codes(
    source: Source,
    name: str,
    codes: dict[str, str],
    metadata: dict[str, Any],
    vocabularies: Vocabularies,
) -> None:
    if metadata["kind"] == "boolean":
        allowed: tuple[str, ...] = YES_NO
    elif metadata["kind"] == "code":
        allowed = tuple(vocabularies[metadata["vocabulary"]])
    else:
        return
    for code, meaning in codes.items():
        if meaning not in allowed and not (
            metadata["kind"] == "boolean" and meaning.lower() in allowed
        ):
            raise _wrong(
                source,
                ("codes", name, code),
                f"'{meaning}' is not a word of this vocabulary; it has {', '.join(allowed)}",
            )


def _wrong(source: Source, keys: tuple[str, ...], expected: str) -> SourceWrong:
    return SourceWrong(
        f"{source.path}, line {source.line_of(*keys)}, key {'.'.join(keys)}: {expected}"
    )
