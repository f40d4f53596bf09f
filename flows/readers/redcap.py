"""REDCap exports: raw or by labels, longitudinal, with repeating instruments, surveys and checkboxes.

Columns bear their export names. Besides, a checkbox field has a column of its own name (the chosen codes joined by `;`, `none`
where the form was shown and nothing chosen), and a survey's time stamp `form_timestamp` a `form_status`. A line that is blank
in all columns that a mapping reads, but for those that say whose line it is, belongs to another instrument: it is ignored.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from flows.readers import redcap_cells
from flows.readers.cell_text import is_blank, read_cells
from flows.readers.decimal_marks import find_decimal_marks, with_mark
from flows.readers.first_look import first_records
from flows.readers.named_header import Cells, NamedTable, Naming, one_line, open_named
from flows.readers.redcap_dictionary import Field, find_dictionary, is_dictionary
from flows.readers.redcap_form import STRUCTURAL, Checkbox, Form, read_form
from flows.readers.table import Batch, TextTable
from schemas.errors import ExportUnreadable
from schemas.source import Dialect


def open_table(path: Path, dialect: Dialect, wanted: tuple[str, ...]) -> TextTable:
    """Open one export; raises ExportUnreadable where it cannot be read in one way only."""
    if is_dictionary(path):
        raise ExportUnreadable(
            f"{path.name}: is a REDCap data dictionary, which is read beside its export and never as one; "
            'let files in source.toml name the exports only, for example files = "*_DATA_*.csv"'
        )
    named = open_named(path, dialect, wanted, _name_columns, "no REDCap export")
    header = tuple(names[0] for names in named.naming.names)
    dictionary, told = find_dictionary(path, header)
    named.table.receipt["data dictionary"] = told
    fields = dictionary.fields if dictionary is not None else {}
    export = _Export(named, dialect, read_form(header, fields), fields)
    named.check(wanted, export.made)
    return TextTable((*named.by_name, *export.made), export.batches, named.table.receipt)


def looks_like(path: Path) -> str | None:
    """What speaks for a REDCap export, if anything does."""
    header = next(iter(first_records(path, 1)), ())
    if is_dictionary(path):
        return None
    marks = [name for name in header if name in STRUCTURAL or name == "Complete?"]
    marks += [name for name in header if "___" in name or " (choice=" in name]
    marks += [name for name in header if name.endswith("_complete")]
    return f"columns {', '.join(marks[:3])}" if marks else None


def _name_columns(records: list[Cells], declared: int | None) -> Naming | None:
    names = tuple((one_line(cell), cell) for cell in records[0])
    return Naming(names, 1, "one row of field names or labels")


class _Export:
    """One opened export: what its columns are, and how cells are made of them.

    `made` are the columns that only the reader has; a column of the export with such a name goes before.
    """

    def __init__(
        self, named: NamedTable, dialect: Dialect, form: Form, fields: dict[str, Field]
    ) -> None:
        self.named, self.dialect, self.form, self.fields = named, dialect, form, fields
        made = {s: redcap_cells.survey_status(n) for n, s in form.timestamps.items()}
        made |= {box.name: redcap_cells.chosen(box) for box in form.checkboxes}
        self.made = {name: cell for name, cell in made.items() if name not in named.by_name}
        self._by_cells: dict[str, tuple[str, int] | None] = {}  # decimal marks already looked for

    def batches(self, names: tuple[str, ...]) -> Iterator[Batch]:
        """The wanted cells; lines of other instruments are left out."""
        self.named.check(names, self.made)
        marks = self._decimal_marks(names)
        cells = {name: self._cell(name, marks) for name in names}
        content = [is_blank(cell) for name, cell in cells.items() if self._is_content(name)]
        left_out = {"lines of other instruments": pl.all_horizontal(content)} if content else {}
        yield from read_cells(self.named.table, cells, left_out, self._noted(names))

    def _cell(self, name: str, marks: dict[str, str]) -> pl.Expr:
        if name in self.made:
            return self.made[name]
        number = self.named.number(name)
        if number in self.form.timestamps:
            return redcap_cells.finished_at(number)
        if box := self._box_of(number):
            return redcap_cells.choice(box, number)
        cell = pl.col(number)
        return with_mark(cell, marks[name], self._mark) if name in marks else cell

    @property
    def _mark(self) -> str:
        """The decimal mark that the pipeline will read these cells with."""
        return self.dialect.decimal or "."

    def _box_of(self, number: str) -> Checkbox | None:
        return next((box for box in self.form.checkboxes if number in box.choices), None)

    def _is_content(self, name: str) -> bool:
        if name in self.made:
            return name not in self.form.timestamps.values()
        return self.named.number(name) not in self.form.structural

    def _noted(self, names: tuple[str, ...]) -> dict[str, pl.Expr]:
        """What the receipt counts: surveys begun and not finished, checkboxes that nobody may have seen."""
        numbers = {self.named.number(name) for name in names if name not in self.made}
        noted = {}
        if begun := [redcap_cells.is_begun(n) for n in self.form.timestamps if n in numbers]:
            noted["surveys begun and not finished"] = pl.sum_horizontal(begun)
        boxes = [b for b in self.form.checkboxes if b.name in names or numbers & b.choices.keys()]
        if boxes:
            unknown = pl.sum_horizontal(redcap_cells.is_unknown(box) for box in boxes)
            noted["checkboxes without a mark on forms not known to be shown"] = unknown
        return noted

    def _decimal_marks(self, names: tuple[str, ...]) -> dict[str, str]:
        """The mark of each wanted column that has one: the dictionary's, else all of its cells agree on it."""
        numbers = {n: self.named.number(n) for n in names if self._may_be_figures(n)}
        fixed = {n: self.fields[n].decimal for n in numbers if n in self.fields}
        told = {n: (mark, "the dictionary") for n, mark in fixed.items() if mark is not None}
        found = self._marks_by_cells(tuple(numbers[name] for name in numbers if name not in told))
        told |= {n: (found[i][0], f"{found[i][1]} cells") for n, i in numbers.items() if i in found}
        marks = {name: mark for name, (mark, _) in told.items()}
        if other := [name for name, mark in marks.items() if mark != self._mark]:
            words = (f"{name}: '{marks[name]}' by {told[name][1]}" for name in sorted(other))
            self.named.table.receipt["decimal mark of single columns"] = "; ".join(words)
        return marks

    def _may_be_figures(self, name: str) -> bool:
        if name in self.made or name in self.dialect.ids:
            return False
        number = self.named.number(name)
        kept = number in self.form.structural or number in self.form.timestamps
        return not kept and self._box_of(number) is None

    def _marks_by_cells(self, numbers: tuple[str, ...]) -> dict[str, tuple[str, int]]:
        """One look over the file for all columns not looked at before."""
        new = tuple(number for number in numbers if number not in self._by_cells)
        dialect = self.dialect
        found = find_decimal_marks(self.named.table, new, dialect.missing, dialect.coded)
        self._by_cells |= {number: found.get(number) for number in new}
        return {n: mark for n in numbers if (mark := self._by_cells[n]) is not None}
