"""Qualtrics exports: three rows of header (names, wording, ImportIds), the legacy form with two, or one.

A column is known by its ImportId, which never changes, and by its name where no other bears it. What is no person's response
(previews, tests, spam) is left out and counted, and so is what nobody finished, unless the mapping asks for `Finished`,
which then reads `completed` or `in-progress`. A question seen and not answered (-99) is empty.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import polars as pl

from flows.readers.cell_text import read_cells
from flows.readers.first_look import first_records
from flows.readers.named_header import Cells, NamedTable, Naming, one_line, open_named
from flows.readers.table import Batch, TextTable
from schemas.errors import ExportUnreadable
from schemas.source import Dialect

ZONE = "timeZone"  # the column that the reader makes of the zone in the ImportIds
_IMPORT_ID = re.compile(r"""["']ImportId["']\s*:\s*["']([^"']+)["']""")
_ZONE = re.compile(r"""["']timeZone["']\s*:\s*["']([^"']+)["']""")
_MARKS = {"startdate", "enddate", "recordeddate", "responseid", "responseset", "finished", "status", "ipaddress"}  # fmt: skip
# Columns about the response. All others are questions or embedded data, where -99 says: seen and not answered.
_ABOUT = _MARKS | {
    "progress", "duration", "duration (in seconds)", "_recordid", "recipientlastname", "recipientfirstname",
    "recipientemail", "externalreference", "externaldatareference", "locationlatitude", "locationlongitude",
    "locationaccuracy", "distributionchannel", "userlanguage", "name", "emailaddress", "responsesetid",
}  # fmt: skip
# Status is a sum of marks: 1 preview, 2 test, 4 imported, 8 spam, 16 offline, 32 employee survey.
_NO_RESPONSE = [str(n) for n in range(64) if n & (1 | 2 | 8)]
_NO_RESPONSE_WORDS = r"(?i)preview|test|spam|vorschau|aperçu|vista previa|anteprima|visualização"
_DONE, _OPEN = ("1", "true"), ("0", "false")
_OTHERWISE = (
    "no Qualtrics export: the third row holds no ImportIds, and the second none of the names of a legacy export; "
    'export again as CSV, or, if only one row of header is left, declare header_rows = 1 under [dialect] (reader = "qualtrics")'
)


def open_table(path: Path, dialect: Dialect, wanted: tuple[str, ...]) -> TextTable:
    """Open one export; raises ExportUnreadable where it cannot be read in one way only."""
    named = open_named(path, dialect, wanted, _name_columns, _OTHERWISE)
    zones = _zones(named)
    made = {ZONE} if len(set(zones.values())) == 1 and ZONE not in named.by_name else set()
    export = _Export(named, zones, made)
    named.check(wanted, made)
    export.check_zone(wanted, dialect.timezone)
    return TextTable((*named.by_name, *made), export.batches, named.table.receipt)


def looks_like(path: Path) -> str | None:
    """What speaks for a Qualtrics export, if anything does."""
    records = first_records(path, 3)
    naming = _name_columns(records, None) if records else None
    if naming is None and records and len(_about(records[0]) & _MARKS) > 3:
        return "columns StartDate, EndDate, ResponseId"
    return naming.why if naming is not None else None


def _name_columns(records: list[Cells], declared: int | None) -> Naming | None:
    first, second, third = [*records, (), (), ()][:3]
    names = [(one_line(cell), cell) for cell in first]
    if ids := _import_ids(third):
        names += [("", "")] * (len(ids) - len(names))
        return Naming(
            tuple((key, *own) for key, own in zip(ids, names, strict=False)),
            3,
            "the third row holds ImportIds",
            third,
        )
    if len(_about(second) & _MARKS) > 3:
        wordings = [one_line(cell) for cell in second] + [""] * (len(names) - len(second))
        return Naming(
            tuple((own[0], own[1], w) for own, w in zip(names, wordings, strict=False)),
            2,
            "a legacy export: the second row names ResponseID, StartDate",
        )
    return Naming(tuple(names), 1, "one row, as declared") if declared == 1 else None


def _about(cells: Cells) -> set[str]:
    return {cell.casefold() for cell in cells} & _ABOUT


def _import_ids(cells: Cells) -> list[str]:
    """The ImportId of each column; none where this is no row of ImportIds."""
    found = [match[1] if (match := _IMPORT_ID.search(cell)) else "" for cell in cells]
    n_filled = sum(bool(cell) for cell in cells)
    return found if n_filled and sum(map(bool, found)) * 2 > n_filled else []


def _zones(named: NamedTable) -> dict[str, str]:
    """Column number -> the zone of its dates, where the ImportIds tell one."""
    cells = enumerate(named.naming.written, 1)
    found = {str(n): match[1] for n, cell in cells if (match := _ZONE.search(cell))}
    zones = {number: "UTC" if zone == "Z" else zone for number, zone in found.items()}
    if zones:
        told = f"{', '.join(sorted(set(zones.values())))} by the ImportIds of {len(zones)} columns"
        named.table.receipt["time zone"] = told
    return {number: zone for number, zone in zones.items() if zone in available_timezones()}


@dataclass(frozen=True)
class _Export:
    """One opened export; `zones` by the number of the column."""

    named: NamedTable
    zones: dict[str, str]
    made: set[str]

    def check_zone(self, wanted: tuple[str, ...], declared: str | None) -> None:
        """Refuse dates that the export writes in another zone than they would be read in."""
        if ZONE in wanted:
            return
        numbers = (self.named.number(name) for name in wanted)
        for zone in {self.zones[number] for number in numbers if number in self.zones}:
            if not _same_clock(zone, declared or "UTC"):
                told = f"timezone is {declared}" if declared else "source.toml declares no timezone"
                raise ExportUnreadable(
                    f"{self.named.file_name}: its dates are written in {zone}, and {told}; declare timezone = "
                    f'"{zone}", or map tz = "{ZONE}" under [columns]'
                )

    def batches(self, names: tuple[str, ...]) -> Iterator[Batch]:
        """The wanted cells of finished responses of people; with `Finished` asked for, also of unfinished ones."""
        self.named.check(names, self.made)
        cells = {name: self._cell(name) for name in names}
        finished, status = (
            self.named.find("finished", "Finished"),
            self.named.find("status", "Status"),
        )
        asked = {self.named.number(name) for name in names if name not in self.made}
        left_out = {}
        if status is not None:
            left_out["previews, tests and spam (Status), ignored"] = _is_no_response(status)
        if finished is not None and finished not in asked:
            left_out['unfinished (Finished), ignored; kept with status = "Finished"'] = (
                _text(finished).str.to_lowercase().is_in(_OPEN)
            )
        unanswered = [_text(n) == "-99" for n in sorted(asked) if self._is_question(n)]
        noted = {}
        if unanswered:
            noted["cells seen and not answered (-99)"] = pl.sum_horizontal(unanswered)
        yield from read_cells(self.named.table, cells, left_out, noted)

    def _cell(self, name: str) -> pl.Expr:
        if name in self.made:
            return pl.lit(next(iter(set(self.zones.values()))))
        number = self.named.number(name)
        if number == self.named.find("finished", "Finished"):
            return _status(number)
        cell = pl.col(number)
        return pl.when(_text(number) != "-99").then(cell) if self._is_question(number) else cell

    def _is_question(self, number: str) -> bool:
        return not _about(self.named.naming.names[int(number) - 1])


def _text(number: str) -> pl.Expr:
    return pl.col(number).str.strip_chars()


def _is_no_response(number: str) -> pl.Expr:
    return _text(number).is_in(_NO_RESPONSE) | _text(number).str.contains(_NO_RESPONSE_WORDS)


def _status(number: str) -> pl.Expr:
    """`Finished` in the words of FHIR; what is neither yes nor no stays as it is."""
    word = _text(number).str.to_lowercase()
    done = pl.when(word.is_in(_DONE)).then(pl.lit("completed"))
    return done.when(word.is_in(_OPEN)).then(pl.lit("in-progress")).otherwise(pl.col(number))


def _same_clock(one: str, other: str) -> bool:
    """Whether two zones show the same time; some go by two names."""
    days = [datetime(year, month, 15) for year in (2005, 2015, 2025) for month in range(1, 13)]
    zones = ZoneInfo(one), ZoneInfo(other)
    return all(len({day.replace(tzinfo=zone).utcoffset() for zone in zones}) == 1 for day in days)
