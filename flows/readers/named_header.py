"""What the columns of a survey vendor's export are called, where one row of unique names does not say it.

Headers have up to three rows, questions stretch over several columns, and names repeat. A format says which names each
column bears (a Naming); here the delimiter is settled by them, and each name leads to its one column or to a refusal that
says which names would do.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from flows.readers.cell_text import read_cells
from flows.readers.csv_text import open_with
from flows.readers.header import DELIMITERS, Head, Header, delimiter_by_rows, separator_line
from flows.readers.table import Batch, TextTable
from schemas.errors import ExportUnreadable
from schemas.source import Dialect

_RECORDS_SEEN = 4  # three rows of header, and one below them
Cells = tuple[str, ...]


@dataclass(frozen=True)
class Naming:
    """The names of each column, the surest first, and how many records the header has.

    `written` is the header row that says more than names, as it stands.
    """

    names: tuple[Cells, ...]
    n_records: int
    why: str
    written: Cells = ()


# The first records, and the number of header rows if one is declared -> the naming; None: not this format.
NameColumns = Callable[[list[Cells], int | None], Naming | None]


@dataclass(frozen=True)
class NamedTable:
    """An opened export whose `table` knows its columns by their number, from 1, as text.

    `by_name`: all numbers that bear a name. A name that repeats is also there once for each, as `name [2]`.
    """

    file_name: str
    table: TextTable
    naming: Naming
    by_name: dict[str, Cells]

    def number(self, name: str) -> str:
        """The one column that a mapping means by a name."""
        self.check((name,))
        return self.by_name[name][0]

    def find(self, *names: str) -> str | None:
        """The first column that bears one of these names, if any does."""
        return next((self.by_name[name][0] for name in names if name in self.by_name), None)

    def batches(self, names: Cells) -> Iterator[Batch]:
        """The wanted columns as they stand."""
        self.check(names)
        cells = {name: pl.col(self.number(name)) for name in names}
        yield from read_cells(self.table, cells, {}, {})

    def check(self, wanted: Iterable[str], virtual: Iterable[str] = ()) -> None:
        """Refuse names that the header lacks, or that stand over several columns."""
        known = {*self.by_name, *virtual}
        if absent := [name for name in wanted if name not in known]:
            raise ExportUnreadable(
                f"{self.file_name}: the header lacks {', '.join(map(repr, absent[:5]))}, which source.toml maps; "
                "correct the column names in source.toml, or export again with these columns"
            )
        for name in wanted:
            if name == "line":  # rows carry their line number under that name
                raise ExportUnreadable(
                    f"{self.file_name}: a mapped column may not be called 'line'; rename it in the export"
                )
            if len(numbers := self.by_name.get(name, ())) > 1:
                told = ", ".join(repr(other) for other in self._other_names(name, numbers)[:8])
                raise ExportUnreadable(
                    f"{self.file_name}: '{name}' stands over {len(numbers)} columns; "
                    f"map the one that is meant by its other name: {told}"
                )

    def _other_names(self, name: str, numbers: Cells) -> list[str]:
        """For each column that bears a repeated name: a name that it bears alone."""
        alone = [
            next((n for n in self.naming.names[int(i) - 1] if self.by_name.get(n) == (i,)), None)
            for i in numbers
        ]
        return [other or f"{name} [{k}]" for k, other in enumerate(alone, 1)]


def open_named(
    path: Path, dialect: Dialect, wanted: Cells, name_columns: NameColumns, otherwise: str
) -> NamedTable:
    """Open a delimited file by what its header says; `otherwise` tells what to do where it is not of this format."""
    found: list[Naming] = []

    def find(head: Head) -> Header:
        header, naming = _find(head, dialect, wanted, name_columns, otherwise)
        found.append(naming)
        return header

    table = open_with(path, dialect, find)
    return NamedTable(path.name, table, found[0], _by_name(found[0].names))


def one_line(cell: str) -> str:
    """A header cell as it can be written into source.toml: line breaks and runs of blanks are one blank."""
    return " ".join(cell.split())


def _find(
    head: Head, dialect: Dialect, wanted: Cells, name_columns: NameColumns, otherwise: str
) -> tuple[Header, Naming]:
    skip, separator = separator_line(head)
    skip = max(skip, dialect.skip_lines)
    told = dialect.delimiter or separator
    why = "declared" if dialect.delimiter else "named in the first line (sep=)" if separator else ""
    declared = dialect.header_rows if "header_rows" in dialect.model_fields_set else None
    namings, is_empty = {}, True
    for delimiter in [told] if told else DELIMITERS:
        records = [r.cells for r in islice(head.records(delimiter, skip), _RECORDS_SEEN)]
        is_empty &= not records
        if records and (naming := name_columns(records, declared)):
            namings[delimiter] = naming
    if is_empty:
        otherwise = "no header could be read; the file is empty, or its first line breaks the rules of quoting; export again"
    if not namings:
        raise ExportUnreadable(f"{head.name}: {otherwise}")
    delimiter, why_found = _choose(head, skip, namings, wanted)
    naming = namings[delimiter]
    if declared not in (None, naming.n_records):
        raise ExportUnreadable(
            f"{head.name}: header_rows = {declared} under [dialect], but {naming.why}; leave header_rows out"
        )
    last = list(islice(head.records(delimiter, skip), naming.n_records))[-1]
    columns = [str(number + 1) for number in range(len(naming.names))]
    if not any(naming.names[-1]):  # a mere delimiter at the end of the header
        columns[-1] = ""
    why_header = f"line {last.last_line}: {naming.why}"
    return Header(tuple(columns), last.last_line, delimiter, why or why_found, why_header), naming


def _choose(head: Head, skip: int, namings: dict[str, Naming], wanted: Cells) -> tuple[str, str]:
    """The delimiter under which the header bears most of the wanted names (a reader makes some of them itself)."""
    n_borne = {d: len(set(wanted) & _by_name(n.names).keys()) for d, n in namings.items()}
    most = max(n_borne.values())
    fits = [d for d, n in n_borne.items() if n == most]
    several = [d for d in fits if len(namings[d].names) > 1]
    if len(several) < 2:  # a header of one cell reads the same under every delimiter that it lacks
        return (several or fits)[0], "the header holds every mapped column"
    if most:
        raise ExportUnreadable(
            f"{head.name}: several delimiters fit the header; declare delimiter under [dialect]"
        )
    return delimiter_by_rows(head, skip, several)


def _by_name(names: tuple[Cells, ...]) -> dict[str, Cells]:
    """Name -> the columns that bear it. A surer kind of name keeps the word for itself."""
    owners: dict[str, tuple[int, list[str]]] = {}
    for level in range(max(map(len, names), default=0)):
        for number, own in enumerate(names, 1):
            if level < len(own) and own[level]:
                kind, numbers = owners.setdefault(own[level], (level, []))
                if kind == level:
                    numbers.append(str(number))
    by_name = {name: tuple(numbers) for name, (_, numbers) in owners.items()}
    single = {
        f"{name} [{k}]": (number,)
        for name, numbers in by_name.items()
        if len(numbers) > 1
        for k, number in enumerate(numbers, 1)
    }
    return single | by_name
