"""Columns that seem to name people, by their header or by what their cells look like. No cell is ever told."""

import polars as pl

from flows.steps.inspect_words import find_word, in_words

_SEEN = 5000
_MOST = 0.5
_PATTERNS = {
    "e-mail": r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$",
    "IP address": r"^((\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F]{1,4}(:[0-9a-fA-F]{0,4}){3,7})$",
    "phone": r"^(\+|00|\()[\d ()/.\-]{7,}$|^0\d{2,}[ /\-][\d \-/]{4,}$|^\d{3}[-. ]\d{3}[-. ]\d{4}$",
    "coordinates": r"^-?\d{1,2}\.\d{3,}\s*[,; ]\s*-?\d{1,3}\.\d{3,}$",
}
_PERSON = r"^\p{Lu}\p{Ll}+([- ]\p{Lu}\p{Ll}+){1,2}$"
_NAMELIKE_ROWS = 20
_DEGREES = r"^-?\d{1,3}\.\d{4,8}$"
_YEAR = r"^\s*(?:\d{1,2}[/.\-]\d{1,2}[/.\-])?(\d{4})(?:[/.\-]\d{1,2}[/.\-]\d{1,2})?\s*$"
_DATE = r"^\s*(?:\d{1,2}[/.\-]\d{1,2}[/.\-])?((?:19|20)\d{2})[/.\- T:\d]*"
_ADULT_YEARS = 20
# A name that holds one of these words in another place: `emergency_contact_phone`.
_PARTS = {"e-mail", "phone", "IP address", "birth date", "coordinates"}


def find_identifiers(frame: pl.DataFrame) -> list[dict[str, str]]:
    """Which columns, what they seem to hold, and why."""
    found = []
    newest = _newest_year(frame)
    for column in frame.columns:
        if column == "line":
            continue
        cells = _cells(frame[column])
        if kind := _by_name(column):
            found.append({"column": column, "kind": kind, "why": "its name"})
        elif kind := _by_content(cells, newest):
            found.append({"column": column, "kind": kind, "why": "what its cells look like"})
    told = {one["column"] for one in found}
    pairs = [c for c in _degrees(frame) if c not in told]
    return found + [
        {"column": c, "kind": "coordinates", "why": "what its cells look like"} for c in pairs
    ]


def _cells(column: pl.Series) -> pl.Series:
    cells = column.drop_nulls().head(_SEEN).str.strip_chars()
    return cells.filter(cells != "")


def _by_name(column: str) -> str | None:
    if kind := find_word(column, "identifiers"):
        return kind
    kind = in_words(column, "identifiers")
    return kind if kind in _PARTS else None


def _by_content(cells: pl.Series, newest: int | None) -> str | None:
    if cells.is_empty():
        return None
    for kind, pattern in _PATTERNS.items():
        if _share(cells, pattern) > _MOST:
            return kind
    if newest is not None and _is_birth_date(cells, newest):
        return "birth date"
    varied = cells.n_unique() > max(_NAMELIKE_ROWS, _MOST * len(cells))
    return "name" if varied and _share(cells, _PERSON) > 0.8 else None


def _share(cells: pl.Series, pattern: str) -> float:
    return int(cells.str.contains(pattern).sum()) / len(cells)


def _years(cells: pl.Series) -> pl.Series:
    return cells.str.extract(_YEAR, 1).drop_nulls().cast(pl.Int32)


def _newest_year(frame: pl.DataFrame) -> int | None:
    """The newest year among whole dates of the export; years to come are typing errors."""
    newest = []
    for column in frame.columns:
        if column != "line":
            years = _cells(frame[column]).str.extract(_DATE, 1).drop_nulls().cast(pl.Int32)
            newest += [year for year in [years.max()] if isinstance(year, int)]
    return max((year for year in newest if year < 2100), default=None)


def _is_birth_date(cells: pl.Series, newest: int) -> bool:
    """Whole dates that lie a grown-up's age before the others, and far apart from each other."""
    dates = cells.filter(cells.str.contains(r"\d[/.\-]\d"))
    years = _years(dates)
    if len(years) < 0.8 * len(cells) or years.is_empty():
        return False
    middle, oldest = years.median(), years.min()
    is_old = isinstance(middle, float) and newest - middle >= _ADULT_YEARS
    return is_old and isinstance(oldest, int) and oldest > newest - 120


def _degrees(frame: pl.DataFrame) -> list[str]:
    """Two columns side by side with degrees, the first within 90 and the second within 180."""
    found, before = [], None
    for column in frame.columns:
        cells = _cells(frame[column]) if column != "line" else pl.Series([], dtype=pl.String)
        width = _width(cells)
        if before is not None and width is not None and before[1] <= 90 and width <= 180:
            found += [before[0], column]
        before = (column, width) if width is not None else None
    return list(dict.fromkeys(found))


def _width(cells: pl.Series) -> float | None:
    """The largest figure of a column that holds degrees of four to eight decimals only."""
    if cells.is_empty() or _share(cells, _DEGREES) < 0.95:
        return None
    largest = cells.cast(pl.Float64, strict=False).abs().max()
    return largest if isinstance(largest, float) else None
