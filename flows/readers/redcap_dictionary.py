"""A REDCap data dictionary beside an export: which field is a checkbox, on which form it stands, how its numbers are written.

It is evidence for reading the export, never an export itself; without one, the export's own names and cells must do.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.readers import csv_text
from flows.readers.first_look import first_records
from schemas.errors import ExportUnreadable
from schemas.source import Dialect

_NAME = re.compile(r"dictiona|metadata|codebook", re.IGNORECASE)
# The columns as the web page exports them, and as the API names them.
_FORMS = (
    ("Variable / Field Name", "Form Name", "Field Type", "Field Label",
     "Choices, Calculations, OR Slider Labels", "Text Validation Type OR Show Slider Number"),
    ("field_name", "form_name", "field_type", "field_label",
     "select_choices_or_calculations", "text_validation_type_or_show_slider_number"),
)  # fmt: skip


@dataclass(frozen=True)
class Field:
    """One field of a project. `codes`: the end of a checkbox column's name -> the code that it stands for."""

    form: str
    type: str
    validation: str
    codes: dict[str, str]

    @property
    def decimal(self) -> str | None:
        """The decimal mark of its figures, where the dictionary fixes one."""
        if self.validation.startswith("number"):
            return "," if "comma" in self.validation else "."
        return (
            "." if self.type == "calc" else None
        )  # calculated fields keep the point in any project


@dataclass(frozen=True)
class DataDictionary:
    """The fields of a project, by name and by label (as label exports call them)."""

    file_name: str
    sha256: str
    fields: dict[str, Field]


def is_dictionary(path: Path) -> bool:
    """Whether a file describes fields instead of holding records."""
    header = next(iter(first_records(path, 1)), ())
    return any(set(form[:3]) <= set(header) for form in _FORMS)


def dictionaries_in(folder: Path) -> list[Path]:
    """The files of a folder that describe fields, in name order."""
    named = [path for path in sorted(folder.glob("*.csv")) if _NAME.search(path.name)]
    plain = [path for path in named if path.is_file() and not path.is_symlink()]
    return [path for path in plain if is_dictionary(path)]


def find_dictionary(path: Path, header: tuple[str, ...]) -> tuple[DataDictionary | None, str]:
    """The dictionary in the folder of an export that knows most of its fields, and what to tell of it."""
    columns = {*header, *(name.split("___")[0] for name in header)}
    columns |= {name.split(" (choice=")[0] for name in header}
    found: list[tuple[int, DataDictionary]] = []
    for candidate in dictionaries_in(path.parent):
        if candidate == path:
            continue
        try:
            dictionary = _read(candidate)
        except ExportUnreadable as refusal:
            return None, f"not used: {refusal.message}"
        found.append((len(dictionary.fields.keys() & columns), dictionary))
    if not found:
        return None, "none beside the export"
    n_known, best = max(found, key=lambda one: (one[0], one[1].file_name))
    if n_known == 0:
        return None, "none that knows a field of this export"
    types = [field.type for name, field in best.fields.items() if name in columns]
    told = f"{best.file_name} (sha256 {best.sha256[:12]}): knows {n_known} of its fields, {types.count('checkbox')} of them checkboxes"
    return best, told


def _read(path: Path) -> DataDictionary:
    header = next(iter(first_records(path, 1)))
    wanted = next(form for form in _FORMS if set(form[:3]) <= set(header))
    names = tuple(name for name in wanted if name in header)
    table = csv_text.open_table(path, Dialect(quote='"'), names)
    rows = pl.concat(
        [b.frame for b in table.batches(names)]
        or [pl.DataFrame(schema=dict.fromkeys(names, pl.String))]
    )
    fields: dict[str, Field] = {}
    labels: dict[str, Field | None] = {}
    for row in rows.select(names).iter_rows(named=True):
        name, form, kind, label, choices, validation = ((row.get(n) or "").strip() for n in wanted)
        if name:
            fields[name] = Field(
                form, kind, validation, _codes(choices) if kind == "checkbox" else {}
            )
            word = " ".join(label.split())
            labels[word] = (
                None if word in labels else fields[name]
            )  # a repeated label names no field
    by_label = {label: field for label, field in labels.items() if label and field is not None}
    return DataDictionary(
        path.name, hashlib.sha256(path.read_bytes()).hexdigest(), by_label | fields
    )


def _codes(choices: str) -> dict[str, str]:
    """`1, Guitar | -99, Unknown`: column names end with the code in lower case, other signs as an underscore."""
    codes = [choice.split(",", 1)[0].strip() for choice in choices.split("|")]
    return {re.sub(r"[^a-z0-9]", "_", code.lower()): code for code in codes if code}
