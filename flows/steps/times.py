"""Dates and instants: text in the source's form to UTC, local day and offset.

An instant is written either with an offset (then it is fixed, and the zone only decides the local day), or as
a wall clock (then the zone decides the instant, and the local day is what is written), or as a bare date.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import product

import polars as pl

from flows.steps.parse import to_text
from flows.steps.zone_offsets import fold_days, steady_minutes

UTC, WALL, DATE = 0, 1, 2  # forms of a written time
_CLOCKS = (
    "",
    " %H:%M",
    " %H:%M:%S",
    " %H:%M:%S%.f",
    " %I:%M %p",
    " %I:%M:%S %p",
    "T%H:%M",
    "T%H:%M:%S",
    "T%H:%M:%S%.f",
)
_MARKS = "-/.:TZ"  # a pattern with one of these fits no text without it: not worth trying
_CODE = r"%[.:#]?[A-Za-z]"
_ORDERS = {"dmy": "%d{0}%m{0}%Y", "mdy": "%m{0}%d{0}%Y", "ymd": "%Y{0}%m{0}%d"}
# No clock was put back before, and what lies beyond is a typing error.
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_FIRST, _LAST = datetime(_FIRST_YEAR, 1, 1), datetime(_LAST_YEAR, 1, 1)
_NO_END = datetime(
    9999, 12, 31
)  # as a bare date, what many systems write for a pause that has no end yet
_MINUTE = 60_000_000  # in microseconds
_EXCEL_EPOCH_DAYS = 25569  # serial 25569 is 1970-01-01


@dataclass(frozen=True)
class Written:
    """Times as written: `at` is UTC where `form` is UTC, else a wall clock or the midnight of a date."""

    at: pl.Series
    form: pl.Series
    failed: pl.Series | None


def formats(date_order: str | None, declared: str | None) -> list[tuple[str, int]]:
    """The forms to try, most specific first, each with what it fixes."""
    if declared is not None:
        return [(declared, _form_of(declared))]
    iso = [
        "%Y-%m-%dT%H:%M:%S%.fZ",
        "%Y-%m-%d %H:%M:%S%.fZ",
        "%Y-%m-%dT%H:%M:%S%.f%#z",
        "%Y-%m-%d %H:%M:%S%.f%#z",
        "%Y-%m-%dT%H:%MZ",
    ]
    patterns = (
        iso + [f"%Y-%m-%d{clock}" for clock in _CLOCKS] + [f"%Y/%m/%d{clock}" for clock in _CLOCKS]
    )
    # Dots are written day first wherever dots are written; slashes and dashes need the declared order.
    patterns += [f"%d.%m.%Y{clock}" for clock in _CLOCKS] if date_order in (None, "dmy") else []
    if date_order is not None:
        patterns += [
            _ORDERS[date_order].format(mark) + clock for mark, clock in product("/-.", _CLOCKS)
        ]
    return [(pattern, _form_of(pattern)) for pattern in dict.fromkeys(patterns)]


def _form_of(pattern: str) -> int:
    if pattern.endswith("Z") or "z" in pattern:
        return UTC
    return WALL if any(mark in pattern for mark in ("%H", "%I", "%T", "%R")) else DATE


def read_times(
    text: pl.Series, patterns: list[tuple[str, int]], missing: tuple[str, ...]
) -> Written:
    """Parse a column of written times; each cell by the first form that fits it whole."""
    (pattern, first_form), *others = _by_sample(text, patterns)
    at = _parse(text, pattern)
    form = pl.repeat(first_form, len(text), dtype=pl.UInt8, eager=True)
    if at.null_count() == text.null_count():
        return Written(at, form, None)
    where = (at.is_null() & text.is_not_null()).arg_true()
    left = _read_left(text.gather(where), others, patterns, missing)
    at, form = (
        at.scatter(where, left["at"]),
        form.scatter(where, left["form"].fill_null(first_form)),
    )
    wrong = where.filter(left["failed"])
    if wrong.is_empty():
        return Written(at, form, None)
    return Written(at, form, pl.repeat(False, len(at), eager=True).scatter(wrong, True))


def _read_left(
    cells: pl.Series,
    others: list[tuple[str, int]],
    patterns: list[tuple[str, int]],
    missing: tuple[str, ...],
) -> pl.DataFrame:
    """`at`, `form` and `failed` of cells that the column's own form does not fit: as they are, then without their blanks.

    They are mostly a few texts that repeat, so each text is tried once.
    """
    told = cells.unique(maintain_order=True)
    at, form = _attempt(told, others)
    trimmed = to_text(told, missing)
    again = (at.is_null() & trimmed.is_not_null()).arg_true()
    if not again.is_empty() and (trimmed.gather(again) != told.gather(again)).any():
        tried = trimmed.gather(again)
        at_again, form_again = _attempt(tried, _by_sample(tried, patterns))
        at, form = at.scatter(again, at_again), form.scatter(again, form_again)
    failed = at.is_null() & trimmed.is_not_null()
    read = pl.DataFrame({"cell": told, "at": at, "form": form, "failed": failed})
    return cells.to_frame("cell").join(read, on="cell", how="left", maintain_order="left")


def _by_sample(text: pl.Series, patterns: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """The same forms, with the one that fits the first cells in front: a column has mostly one form."""
    sample = text.drop_nulls().head(3)
    fitting = next(
        (p for p in patterns if len(sample) and _parse(sample, p[0]).null_count() == 0), patterns[0]
    )
    return [fitting, *(p for p in patterns if p != fitting)]


def _parse(text: pl.Series, pattern: str) -> pl.Series:
    """Wall clocks, midnights of dates, or instants in UTC; NULL where the form does not fit."""
    if _form_of(pattern) == DATE:
        day = text.str.to_date(pattern, strict=False, cache=False)
        return _within(day.cast(pl.Datetime("us")), _NO_END)
    if "%z" in pattern:  # in file names, where a colon must not stand, an offset is written +00_00
        text = text.str.replace(r"([+-]\d\d)_(\d\d)$", "${1}:$2")
    at = text.str.to_datetime(pattern, strict=False, time_unit="us", cache=False)
    return _within(at.dt.replace_time_zone(None))


def _within(at: pl.Series, last: datetime = _LAST) -> pl.Series:
    """Nobody was treated in the year 26: a year of two digits, or one digit too many, is no date."""
    inside = at.is_between(_FIRST, last)
    return at if inside.all() else at.set(~inside, None)


def _attempt(text: pl.Series, patterns: list[tuple[str, int]]) -> tuple[pl.Series, pl.Series]:
    """The time and the form of each text by the first pattern that fits it; NULL where none does."""
    at = _none_like(text)
    form = pl.repeat(None, len(text), dtype=pl.UInt8, eager=True)
    where = text.is_not_null().arg_true()
    absent = {mark for mark in _MARKS if not text.str.contains(mark, literal=True).any()}
    for pattern, this_form in patterns:
        if where.is_empty():
            break
        if not absent.isdisjoint(re.sub(_CODE, "", pattern)):
            continue
        read = _parse(text.gather(where), pattern)
        if read.null_count() < len(where):
            hit = read.is_not_null()
            at = at.scatter(where.filter(hit), read.drop_nulls())
            form = form.scatter(where.filter(hit), this_form)
            where = where.filter(~hit)
    return at, form


def find_in_name(pattern: str, name: str) -> datetime | None:
    """The first time of this form in a file name; None: there is none."""
    digits = {mark: r"\d{2}" for mark in "mdHMSy"} | {"Y": r"\d{4}", "j": r"\d{3}"}
    escaped = re.escape(pattern).replace("\\%", "%")
    expression = re.sub(r"%([YmdHMSyj])", lambda mark: digits[mark[1]], escaped)
    for found in re.finditer(expression, name):
        try:
            return datetime.strptime(found[0], pattern)
        except ValueError:
            continue
    return None


def from_epoch(values: pl.Series, unit: str) -> Written:
    """Numbers that count time: since 1970 in UTC (epoch_s, epoch_ms), or Excel's serial days (a wall clock)."""
    if unit == "excel_serial":
        at = ((values - _EXCEL_EPOCH_DAYS) * 86400).round(0).cast(
            pl.Int64, strict=False
        ) * 1_000_000
    else:
        at = (
            (values * (1_000_000 if unit == "epoch_s" else 1000))
            .round(0)
            .cast(pl.Int64, strict=False)
        )
    form = pl.repeat(
        WALL if unit == "excel_serial" else UTC, len(values), dtype=pl.UInt8, eager=True
    )
    read = _within(at.cast(pl.Datetime("us")))
    return Written(read, form, read.is_null() & values.is_not_null())


@dataclass(frozen=True)
class Located:
    """Times in a zone: UTC instant (NULL for a bare date), local day, offset of the wall clock in minutes."""

    utc: pl.Series
    local_date: pl.Series
    offset_min: pl.Series
    in_gap: pl.Series | None  # wall clocks that the clock change skipped
    later: pl.Series | None = None  # the second instant of those that it makes happen twice


def locate(written: Written, zone: str | pl.Series) -> Located:
    """Place written times in one zone, or row by row in the zone that each row names."""
    if isinstance(zone, str):
        return _locate_in(written, zone)
    frame = pl.DataFrame({"at": written.at, "form": written.form, "zone": zone}).with_row_index(
        "row"
    )
    parts = []
    for (name,), part in frame.partition_by("zone", as_dict=True).items():
        located = _locate_in(Written(part["at"], part["form"], None), str(name))
        gap = (
            located.in_gap
            if located.in_gap is not None
            else pl.repeat(False, part.height, eager=True)
        )
        parts.append(
            part.select("row").with_columns(
                located.utc.alias("utc"),
                located.local_date.alias("day"),
                located.offset_min.alias("offset"),
                gap.alias("gap"),
                (_none_like(part["at"]) if located.later is None else located.later).alias("later"),
            )
        )
    whole = pl.concat(parts).sort("row") if parts else None
    if whole is None:
        return _locate_in(written, "UTC")
    return Located(
        whole["utc"],
        whole["day"],
        whole["offset"],
        whole["gap"] if whole["gap"].any() else None,
        whole["later"] if whole["later"].is_not_null().any() else None,
    )


def _none_like(at: pl.Series) -> pl.Series:
    return pl.repeat(None, len(at), dtype=pl.Datetime("us"), eager=True)


def _locate_in(written: Written, zone: str) -> Located:
    """Almost all times lie on days with one offset; only those about a change of the clocks are worked out one by one."""
    at, form = written.at, written.form
    if form.min() != form.max():
        return _locate_each(written, zone)
    day = at.dt.date()
    if len(form) and form[0] == DATE:
        none = pl.repeat(None, len(at), dtype=pl.Int16, eager=True)
        return Located(_none_like(at), day, none, None)
    is_utc = bool(len(form)) and form[0] == UTC
    minutes = steady_minutes(day, zone)
    ahead = (minutes.cast(pl.Int64) * _MINUTE).cast(pl.Duration("us"))
    utc, day = (at, (at + ahead).dt.date()) if is_utc else (at - ahead, day)
    if minutes.null_count() == at.null_count():
        return Located(utc, day, minutes, None)
    where = (minutes.is_null() & at.is_not_null()).arg_true()
    part = _locate_each(Written(at.gather(where), form.gather(where), None), zone)
    return Located(
        utc.scatter(where, part.utc),
        day.scatter(where, part.local_date),
        minutes.scatter(where, part.offset_min),
        None
        if part.in_gap is None
        else pl.repeat(False, len(at), eager=True).scatter(where, part.in_gap),
        None if part.later is None else _none_like(at).scatter(where, part.later),
    )


def _locate_each(written: Written, zone: str) -> Located:
    is_utc, is_date = written.form == UTC, written.form == DATE
    if is_utc.all():
        return _from_utc(written.at, zone)
    # The earlier of two equal wall clocks in the autumn night; a skipped one in spring becomes NULL.
    zoned = written.at.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    utc = zoned.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    gap = written.at.is_not_null() & utc.is_null() & ~is_date & ~is_utc
    later = _later(written.at, utc, zone).set(is_date | is_utc, None)
    minutes = _minutes(written.at - utc)
    day = written.at.dt.date()
    if is_date.any():
        utc, minutes = utc.set(is_date, None), minutes.set(is_date, None)
    if is_utc.any():
        fixed = _from_utc(written.at, zone)
        utc, day = fixed.utc.zip_with(is_utc, utc), fixed.local_date.zip_with(is_utc, day)
        minutes = fixed.offset_min.zip_with(is_utc, minutes)
    is_twice = later.is_not_null().any()
    return Located(utc, day, minutes, gap if gap.any() else None, later if is_twice else None)


def _later(wall: pl.Series, earlier: pl.Series, zone: str) -> pl.Series:
    """The second instant of the wall clocks that the autumn night makes happen twice; NULL for all others."""
    later = _none_like(wall)
    first, last = wall.min(), wall.max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return later
    years = range(max(first.year, _FIRST_YEAR), min(last.year, _LAST_YEAR) + 1)
    days = [day for year in years for day in fold_days(year, zone)]
    where = wall.dt.date().is_in(days).arg_true()  # one day of a year: all others are done with
    zoned = wall.gather(where).dt.replace_time_zone(zone, ambiguous="latest", non_existent="null")
    read = zoned.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return later.scatter(where, read.set(read.eq_missing(earlier.gather(where)), None))


def _from_utc(utc: pl.Series, zone: str) -> Located:
    wall = utc.dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.replace_time_zone(None)
    return Located(utc, wall.dt.date(), _minutes(wall - utc), None)


def _minutes(difference: pl.Series) -> pl.Series:
    return difference.dt.total_minutes().cast(pl.Int16)


def from_instants(utc: pl.Series, zone: str | pl.Series) -> Located:
    """Place known UTC instants."""
    return locate(Written(utc, pl.repeat(UTC, len(utc), dtype=pl.UInt8, eager=True), None), zone)
