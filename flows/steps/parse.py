"""Text cells to typed values. A cell that cannot be typed is NULL and named in `failed`, never guessed.

Each parser tries the whole column at once; only the cells that did not come out are looked at again (blanks
around the figure, the source's words for missing). That keeps the common case one vectorised cast.
"""

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import polars as pl

# To canonical minutes, mm, kPa, fraction; kinds of unit that one column's contract may name.
MINUTES = {"ms": 1 / 60000, "s": 1 / 60, "min": 1.0, "h": 60.0}
FRACTION = {"fraction": 1.0, "percent": 0.01}
TRUE, FALSE = ("true", "yes", "y", "1", "t"), ("false", "no", "n", "0", "f")


@dataclass(frozen=True)
class Typed:
    """A typed column, and for each rule that some cell breaks a mask of those cells."""

    values: pl.Series
    failures: tuple[tuple[str, pl.Series], ...] = ()


def to_text(text: pl.Series, missing: tuple[str, ...]) -> pl.Series:
    """Trimmed text, NULL where missing."""
    stripped = text.str.strip_chars()
    short = stripped.str.len_bytes() <= max(map(len, missing), default=0)
    if (
        not short.any()
    ):  # long texts are not words for missing; looking them up would cost more than the cast
        return stripped
    return stripped.set(short & stripped.is_in(list(missing)), None)


def to_number(text: pl.Series, decimal: str, missing: tuple[str, ...]) -> Typed:
    """Floating point; NaN and infinity are no figures, and a code of the mapping for missing is none either."""
    if codes := _figures_in(missing):
        text = text.set(text.str.strip_chars().is_in(codes).fill_null(False), None)
    values = _floats(text if decimal == "." else text.str.replace(",", ".", literal=True))
    if decimal == ",":  # a dot beside a decimal comma could be either: not guessed
        values = values.set(text.str.contains(".", literal=True).fill_null(False), None)
    if values.null_count() == text.null_count():  # what is NULL in the text is NULL here
        return Typed(values)
    open_cells = values.is_null() & text.is_not_null()
    again = to_text(text.filter(open_cells), missing)
    read = _floats(again if decimal == "." else again.str.replace(",", ".", literal=True))
    if decimal == ",":
        read = read.set(again.str.contains(".", literal=True).fill_null(False), None)
    return _merge(values, open_cells, read, again, "not_a_number")


def _floats(text: pl.Series) -> pl.Series:
    values = text.cast(pl.Float64, strict=False)
    is_finite = values.is_finite()
    return values if is_finite.all() else values.set(~is_finite.fill_null(True), None)


def _merge(
    values: pl.Series, open_cells: pl.Series, read: pl.Series, text: pl.Series, rule_id: str
) -> Typed:
    """Put second attempts into their places; what is still NULL although there is text has failed."""
    at = open_cells.arg_true()
    values = values.scatter(at, read)
    wrong = at.filter(read.is_null() & text.is_not_null())
    if wrong.is_empty():
        return Typed(values)
    failed = pl.repeat(False, len(values), eager=True).scatter(wrong, True)
    return Typed(values, ((rule_id, failed),))


@cache
def _figures_in(missing: tuple[str, ...]) -> list[str]:
    """Those codes for missing that would read as a number, such as -999."""
    read = _floats(pl.Series([code.replace(",", ".") for code in missing], dtype=pl.String))
    return [code for code, value in zip(missing, read, strict=True) if value is not None]


def to_integer(text: pl.Series, decimal: str, missing: tuple[str, ...]) -> Typed:
    """Whole numbers; `4.0` is whole, `4.5` is not."""
    number = to_number(text, decimal, missing)
    whole = number.values.round(0)
    fractional = (whole != number.values).fill_null(False)
    values = whole.set(fractional | (whole.abs() > 2**31 - 1).fill_null(False), None).cast(pl.Int32)
    beyond = number.values.is_not_null() & values.is_null()
    return Typed(values, number.failures + ((("not_integer", beyond),) if beyond.any() else ()))


def to_boolean(text: pl.Series, codes: Mapping[str, str], missing: tuple[str, ...]) -> Typed:
    """Yes or no in the usual spellings, or by the source's own codes."""
    typed = to_code(
        text, {k: v.lower() for k, v in codes.items()}, TRUE + FALSE, missing, fold_case=True
    )
    values = typed.values.is_in(list(TRUE)).set(typed.values.is_null(), None)
    return Typed(values, tuple(("not_yes_no", mask) for _, mask in typed.failures))


def to_code(
    text: pl.Series,
    codes: Mapping[str, str],
    allowed: tuple[str, ...],
    missing: tuple[str, ...],
    fold_case: bool = False,
) -> Typed:
    """Codes of a vocabulary. The source's map is case-sensitive after trimming; canonical codes pass unmapped."""
    known = set(allowed)
    coded = text.cast(pl.Categorical(pl.Categories.random()))  # each word is looked at once
    words = coded.unique().drop_nulls()
    meaning: dict[int, str | None] = {}
    unknown = []
    for number, cell in zip(words.to_physical(), words.cast(pl.String), strict=True):
        word = cell.strip()
        mapped = codes.get(word, word.lower() if fold_case else word)
        is_known = mapped in known and (word in codes or word not in missing)
        meaning[number] = mapped if is_known else None
        if not is_known and word not in missing:
            unknown.append(number)
    numbers = coded.to_physical()
    by_number = [meaning.get(number) for number in range(max(meaning, default=-1) + 1)]
    values = pl.Series(by_number, dtype=pl.String).gather(numbers)
    failed = numbers.is_in(unknown).fill_null(False) if unknown else None
    return Typed(values, () if failed is None else (("unknown_code", failed),))


def to_unit(values: pl.Series, unit: str | None, factors: Mapping[str, float]) -> pl.Series:
    """Convert from the declared unit to the canonical one."""
    factor = 1.0 if unit is None else factors[unit]
    return values if factor == 1.0 else values * factor


def to_zone(text: pl.Series, missing: tuple[str, ...]) -> Typed:
    """IANA zone names, as this machine's zone table knows them."""
    typed = to_code(text, {}, _zones(), missing)
    return Typed(typed.values, tuple(("unknown_zone", mask) for _, mask in typed.failures))


@cache
def _zones() -> tuple[str, ...]:
    return tuple(zoneinfo.available_timezones())
