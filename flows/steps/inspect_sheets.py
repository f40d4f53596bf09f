"""Which sheets of a workbook hold a table: each of them is a source of its own, and must be declared if there are several."""

from contextlib import closing
from itertools import islice
from pathlib import Path

from flows.readers.xlsx_archive import open_archive
from flows.readers.xlsx_package import Package, Sheet, read_package
from flows.readers.xlsx_sheet import read_rows
from schemas.errors import ExportUnreadable


def find_sheets(path: Path) -> list[str | None]:
    """The visible sheets with rows below a header; a single None where only one could be meant."""
    with closing(open_archive(path)) as archive:
        package = read_package(path.name, archive)
        visible = [sheet for sheet in package.sheets if not sheet.is_hidden]
        filled = [sheet for sheet in visible if _has_rows(package, sheet)]
    if not filled:
        raise ExportUnreadable(
            f"{path.name}: not an export: no visible sheet holds a header and rows below it"
        )
    if len(visible) == 1:
        return [None]
    return [sheet.name for sheet in filled]


def _has_rows(package: Package, sheet: Sheet) -> bool:
    """Two rows, of two cells at least: a header and a record; titles and notes have fewer."""
    with closing(read_rows(package, sheet, None)) as rows:
        return sum(len(row.cells) > 1 for row in islice(rows, 50)) > 1
