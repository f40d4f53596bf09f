"""What the columns of a REDCap export are: checkboxes, states of forms, time stamps of surveys, marks of the record.

Told by REDCap's own naming (`field___1`, `form_complete`, `form_timestamp`; in label exports `Label (choice=..)`,
`Complete?`, `Survey Timestamp`), and by the data dictionary where there is one. A form's columns stand together and end with
its state.
"""

import re
from dataclasses import dataclass, field

from flows.readers.redcap_dictionary import Field

_RAW_BOX = re.compile(r"(.+?)___(_?[^_].*)")
_LABEL_BOX = re.compile(r"(.*) \(choice=(.*)\)", re.DOTALL)
# They say whose record a line is and of which kind; a line with these alone is empty.
STRUCTURAL = {
    "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance", "redcap_data_access_group",
    "redcap_survey_identifier", "Event Name", "Repeat Instrument", "Repeat Instance", "Data Access Group",
    "Survey Identifier",
}  # fmt: skip


@dataclass(frozen=True)
class Checkbox:
    """One field with a column per choice: number of the column -> code (or label) of the choice."""

    name: str
    choices: dict[str, str]
    complete: str | None  # column with the state of its form
    timestamp: str | None


@dataclass(frozen=True)
class Form:
    """The columns of an export by their part; all by number."""

    checkboxes: tuple[Checkbox, ...]
    timestamps: dict[str, str] = field(
        default_factory=dict
    )  # number -> name of the state made from it
    structural: frozenset[str] = frozenset()


def read_form(header: tuple[str, ...], fields: dict[str, Field]) -> Form:
    """Tell the parts of an export from its header (names in the order of their columns)."""
    completes = [n for n, name in enumerate(header) if _is_complete(name, fields)]
    stamps = [n for n, name in enumerate(header) if _state_name(name)]
    boxes: dict[str, dict[int, str]] = {}
    for number, name in enumerate(header):
        if told := _box(name, fields):
            boxes.setdefault(told[0], {})[number] = told[1]
    checkboxes = tuple(
        Checkbox(
            base,
            {str(number + 1): code for number, code in choices.items()},
            _complete_of(base, max(choices), header, completes, fields),
            _stamp_of(base, min(choices), header, completes, stamps, fields),
        )
        for base, choices in boxes.items()
    )
    structural = {n for n, name in enumerate(header) if name in STRUCTURAL} | {0, *completes}
    return Form(
        checkboxes,
        {str(n + 1): _state_name(header[n]) for n in stamps},
        frozenset(str(n + 1) for n in structural),
    )


def _is_complete(name: str, fields: dict[str, Field]) -> bool:
    if name == "Complete?":
        return True
    # the dictionary lists fields only: what it lists and ends like this is somebody's own field
    return name.endswith("_complete") and name not in fields


def _state_name(name: str) -> str:
    """The name of the state that a survey's time stamp tells; empty for other columns."""
    if name == "Survey Timestamp":
        return "Survey Status"
    return name.removesuffix("_timestamp") + "_status" if name.endswith("_timestamp") else ""


def _box(name: str, fields: dict[str, Field]) -> tuple[str, str] | None:
    """Field and choice of a checkbox column. A code's minus sign is written as an underscore."""
    if label := _LABEL_BOX.fullmatch(name):
        return label[1].strip(), label[2]
    if not (raw := _RAW_BOX.fullmatch(name)):
        return None
    if raw[1] in fields and raw[2] in fields[raw[1]].codes:
        return raw[1], fields[raw[1]].codes[raw[2]]
    return raw[1], "-" + raw[2][1:] if raw[2].startswith("_") else raw[2]


def _complete_of(
    base: str,
    last: int,
    header: tuple[str, ...],
    completes: list[int],
    fields: dict[str, Field],
) -> str | None:
    """The state of a field's form: the dictionary's, else the next one behind the field."""
    named = f"{_form_of(base, fields)}_complete"
    if named in header:
        return str(header.index(named) + 1)
    after = next((n for n in completes if n > last), None)
    return None if after is None else str(after + 1)


def _stamp_of(
    base: str,
    first: int,
    header: tuple[str, ...],
    completes: list[int],
    stamps: list[int],
    fields: dict[str, Field],
) -> str | None:
    """The time stamp of a field's form: the dictionary's, else the last one before the field on its form."""
    form = _form_of(base, fields)
    if f"{form}_complete" in header:
        return str(header.index(f"{form}_timestamp") + 1) if f"{form}_timestamp" in header else None
    begin = max((n for n in completes if n < first), default=-1)
    before = next((n for n in reversed(stamps) if begin < n < first), None)
    return None if before is None else str(before + 1)


def _form_of(base: str, fields: dict[str, Field]) -> str:
    return fields[base].form if base in fields else ""
