"""Dates and instants: text in the source's form to UTC, local day and offset.

An instant is written either with an offset (then it is fixed, and the zone only decides the local day), or as
a wall clock (then the zone decides the instant, and the local day is what is written), or as a bare date.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise, product
from zoneinfo import ZoneInfo

import polars as pl

from flows.steps.parse import to_text

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
_ORDERS = {"dmy": "%d{0}%m{0}%Y", "mdy": "%m{0}%d{0}%Y", "ymd": "%Y{0}%m{0}%d"}
_MAX_DAYS = 400  # beyond this no batch has one offset only
_NONE = timedelta(0)
# No clock was put back before, and what lies beyond is a typing error.
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
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
    at, form, failed = _attempt(text, _by_sample(text, patterns))
    if failed.any():
        again = to_text(text.filter(failed), missing)
        at_again, form_again, failed_again = _attempt(again, _by_sample(again, patterns))
        where, read = failed.arg_true(), at_again.is_not_null()
        at = at.scatter(where, at_again)
        form = form.scatter(where.filter(read), form_again.filter(read))
        failed = failed.scatter(where, failed_again)
    return Written(at, form, failed if failed.any() else None)


def _by_sample(text: pl.Series, patterns: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """The same forms, with the one that fits the first cells in front: a column has mostly one form."""
    sample = text.drop_nulls().head(3)
    fitting = next(
        (p for p in patterns if len(sample) and _parse(sample, p[0]).null_count() == 0), patterns[0]
    )
    return [fitting, *(p for p in patterns if p != fitting)]


def _parse(text: pl.Series, pattern: str) -> pl.Series:
    if pattern.endswith("Z"):
        return text.str.to_datetime(pattern, strict=False, time_unit="us").dt.replace_time_zone(
            None
        )
    if "z" in pattern:
        # In file names, where a colon must not stand, an offset is written +00_00.
        written = text.str.replace(r"([+-]\d\d)_(\d\d)$", "${1}:$2") if "%z" in pattern else text
        return written.str.to_datetime(pattern, strict=False, time_unit="us").dt.replace_time_zone(
            None
        )
    if _form_of(pattern) == DATE:
        return text.str.to_date(pattern, strict=False).cast(pl.Datetime("us"))
    return text.str.to_datetime(pattern, strict=False, time_unit="us")


def _attempt(
    text: pl.Series, patterns: list[tuple[str, int]]
) -> tuple[pl.Series, pl.Series, pl.Series]:
    pattern, first_form = patterns[0]
    at = _parse(text, pattern)
    form = pl.repeat(first_form, len(text), dtype=pl.UInt8, eager=True)
    failed = at.is_null() & text.is_not_null()
    for pattern, this_form in patterns[1:]:
        if not failed.any():
            break
        where = failed.arg_true()
        read = _parse(text.gather(where), pattern)
        hit = where.filter(read.is_not_null())
        if len(hit):
            at, form = at.scatter(hit, read.drop_nulls()), form.scatter(hit, this_form)
            failed = failed.scatter(hit, False)
    return at, form, failed


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
        at = ((values - _EXCEL_EPOCH_DAYS) * 86400).round(0).cast(pl.Int64) * 1_000_000
    else:
        at = (values * (1_000_000 if unit == "epoch_s" else 1000)).round(0).cast(pl.Int64)
    form = pl.repeat(
        WALL if unit == "excel_serial" else UTC, len(values), dtype=pl.UInt8, eager=True
    )
    return Written(at.cast(pl.Datetime("us")), form, None)


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
    is_utc, is_date = written.form == UTC, written.form == DATE
    offset = _only_offset(written.at, zone) if not is_date.any() else None
    if offset is not None and is_utc.all():
        return Located(
            written.at, (written.at + offset).dt.date(), _constant_minutes(written.at, offset), None
        )
    if offset is not None and not is_utc.any():
        return Located(
            written.at - offset, written.at.dt.date(), _constant_minutes(written.at, offset), None
        )
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
    days = [day for year in years for day in _fold_days(year, zone)]
    where = wall.dt.date().is_in(days).arg_true()  # one day of a year: all others are done with
    zoned = wall.gather(where).dt.replace_time_zone(zone, ambiguous="latest", non_existent="null")
    read = zoned.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return later.scatter(where, read.set(read.eq_missing(earlier.gather(where)), None))


@cache
def _fold_days(year: int, zone: str) -> tuple[date, ...]:
    """Days of a year in which a clock is put back, and their neighbours: the change may come at midnight."""
    first = datetime(year, 1, 1, tzinfo=ZoneInfo(zone))
    days = [first + timedelta(days=day) for day in range(-1, 368)]
    back = [a for a, b in pairwise(days) if (a.utcoffset() or _NONE) > (b.utcoffset() or _NONE)]
    return tuple((day + timedelta(days=n)).date() for day in back for n in (-1, 0, 1))


def _only_offset(at: pl.Series, zone: str) -> timedelta | None:
    """The offset of a zone where it does not change around these times; a batch in time order mostly has one."""
    first, last = at.min(), at.max()
    if (
        not isinstance(first, datetime)
        or not isinstance(last, datetime)
        or (last - first).days > _MAX_DAYS
    ):
        return None
    days = (first + timedelta(days=day) for day in range(-2, (last - first).days + 4))
    offsets = {day.replace(tzinfo=ZoneInfo(zone)).utcoffset() for day in days}
    return offsets.pop() if len(offsets) == 1 else None


def _constant_minutes(at: pl.Series, offset: timedelta) -> pl.Series:
    minutes = pl.repeat(int(offset.total_seconds() // 60), len(at), dtype=pl.Int16, eager=True)
    return minutes.set(at.is_null(), None) if at.null_count() else minutes


def _from_utc(utc: pl.Series, zone: str) -> Located:
    wall = utc.dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.replace_time_zone(None)
    return Located(utc, wall.dt.date(), _minutes(wall - utc), None)


def _minutes(difference: pl.Series) -> pl.Series:
    return difference.dt.total_minutes().cast(pl.Int16)


def from_instants(utc: pl.Series, zone: str | pl.Series) -> Located:
    """Place known UTC instants."""
    return locate(Written(utc, pl.repeat(UTC, len(utc), dtype=pl.UInt8, eager=True), None), zone)
