"""The time stamp of a Google Forms export: its localised name, its forms, and the zone that it may end with.

`2022/06/22 11:07:29 AM AST`: an abbreviation names no zone (AST is Halifax, and Riyadh), so it is read in the zone that the
source declares, and refused without one; `GMT+2` is an offset and stays one.
"""

import re
from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl

from flows.readers.table import TextTable
from schemas.errors import ExportUnreadable

STAMP = "Timestamp"
# The column's name in the languages of Google Forms, as far as they are known; STAMP stands for each of them.
NAMES = {
    "timestamp", "zeitstempel", "horodateur", "marca temporal", "marca de temps", "carimbo de data/hora",
    "informazioni cronologiche", "tijdstempel", "tidsstempel", "tidsstämpel", "aikaleima", "sygnatura czasowa",
    "časové razítko", "časová pečiatka", "időbélyeg", "marcaj de timp", "zaman damgası", "отметка времени",
    "позначка часу", "χρονική σήμανση", "タイムスタンプ", "타임스탬프", "时间戳记", "時間戳記", "dấu thời gian", "stempel waktu",
}  # fmt: skip
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?"
_HALF = r"(?:\s*[ap]\.?\s?m\.?)?"
_ENDING = rf"(?i){_CLOCK}{_HALF}\s+((?:GMT|UTC)\s*[+\-−]\s*\d{{1,2}}(?::?\d{{2}})?|\pL{{2,5}})\s*$"
_OFFSET = r"(?i)^(?:GMT|UTC)(?:\s*([+\-−])\s*(\d{1,2})(?::?(\d{2}))?)?$"
_YEAR_FIRST = ("%Y/%m/%d %I:%M:%S %p", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M")


def read_stamp(table: TextTable, number: str, file_name: str, timezone: str | None) -> pl.Expr:
    """The stamps as a mapping can read them; looks once over the file for what they end with."""
    endings = _find_endings(table, number)
    if words := sorted(word for word in endings if not re.match(_OFFSET, word)):
        if timezone is None:
            raise ExportUnreadable(
                f"{file_name}: times end with {', '.join(words[:5])}, which may stand for several zones; "
                'declare the zone that is meant, for example timezone = "America/Halifax"'
            )
        table.receipt["time zone"] = ", ".join(
            f"{word} behind {endings[word]} times, read in {timezone}, {_is_own(word, timezone)}"
            for word in words
        )
    return _stamp(number)


def _find_endings(table: TextTable, number: str) -> Counter[str]:
    endings: Counter[str] = Counter()
    for batch in table.batches((number,)):
        found = batch.frame.select(_tidy(number).str.extract(_ENDING, 1).alias("ending"))
        counted = found.drop_nulls().group_by("ending").len()
        endings.update({word: n for word, n in counted.iter_rows() if not _is_half(word)})
    return endings


def _is_half(word: str) -> bool:
    """Whether it is the half of the day that the clock ends with, no zone."""
    return word.lower() in ("am", "pm")


def _is_own(word: str, timezone: str) -> str:
    zone = ZoneInfo(timezone)
    own = {datetime(2025, month, 15, tzinfo=zone).tzname() for month in (1, 7)}
    return "as declared" if word in own else "as declared, though its own clock is not called so"


def _tidy(number: str) -> pl.Expr:
    """One blank between parts, and AM or PM for `a. m.`: the halves of the day are written in many ways."""
    text = pl.col(number).str.replace_all(r"[\s\u00a0\u202f]+", " ").str.strip_chars()
    for half in ("a", "p"):
        text = text.str.replace(rf"(?i)(\d) ?{half}\.? ?m\.?( |$)", f"${{1}} {half.upper()}M${{2}}")
    return text


def _stamp(number: str) -> pl.Expr:
    text = _tidy(number)
    ending = text.str.extract(_ENDING, 1)
    is_zone = ending.is_not_null() & ~ending.str.to_lowercase().is_in(["am", "pm"])
    wall = pl.when(is_zone).then(text.str.strip_suffix(ending).str.strip_chars()).otherwise(text)
    sign = ending.str.extract(_OFFSET, 1).str.replace("−", "-", literal=True).fill_null("+")
    hours = ending.str.extract(_OFFSET, 2).fill_null("0").str.zfill(2)
    minutes = ending.str.extract(_OFFSET, 3).fill_null("00")
    parsed = pl.coalesce(wall.str.to_datetime(form, strict=False) for form in _YEAR_FIRST)
    fixed = pl.concat_str(
        parsed.dt.strftime("%Y-%m-%d %H:%M:%S"), sign, hours, pl.lit(":"), minutes
    )
    is_offset = is_zone & ending.str.contains(_OFFSET)
    return pl.when(is_offset).then(pl.coalesce(fixed, text)).otherwise(wall)
