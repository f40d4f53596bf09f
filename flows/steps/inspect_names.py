"""One name for each column of a survey vendor's export: the one that a person would write into `source.toml`.

A reader knows a column by several names (an ImportId, a short name, a wording). The readable one is taken where no other
column bears it, else the one that is sure.
"""

import re
from pathlib import Path

from flows.readers.first_look import first_records
from flows.readers.google_stamps import NAMES, STAMP
from flows.readers.named_header import one_line
from flows.readers.table import TextTable

_IMPORT_ID = re.compile(r"""["']ImportId["']\s*:\s*["']([^"']+)["']""")
_NUMBERED = re.compile(r"V\d+")


def columns_of(path: Path, reader: str, table: TextTable) -> tuple[str, ...]:
    """The columns in their order, each once; those without a name of their own are left out."""
    known = dict.fromkeys(table.columns or ())
    alone = {n for n in known if n and n != "line" and f"{n} [2]" not in known}
    if reader == "qualtrics":
        return tuple(dict.fromkeys(n for n in _qualtrics(path) if n in alone))
    # Numbered names stand for repeated ones, and come first: the header's order is kept for all others.
    kept = [n for n in known if n in alone and one_line(n) == n]
    if reader == "google_forms" and any(n != STAMP and n.casefold() in NAMES for n in kept):
        kept = [n for n in kept if n != STAMP]
    numbered = [n for n in kept if re.search(r" \[\d+\]$", n)]
    return tuple([n for n in kept if n not in numbered] + numbered)


def _qualtrics(path: Path) -> list[str]:
    """Per column the name of the first row, where it is one of a kind, else the ImportId, else the second row's."""
    first, second, third = [*first_records(path, 3), (), (), ()][:3]
    found = []
    for number, name in enumerate(map(one_line, first)):
        id_ = _IMPORT_ID.search(third[number]) if number < len(third) else None
        below = one_line(second[number]) if number < len(second) else ""
        if first.count(first[number]) > 1 and id_:
            found.append(id_[1])
        elif _NUMBERED.fullmatch(name) and not id_ and below:
            found.append(below)
        else:
            found.append(name)
    return found
