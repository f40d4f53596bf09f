"""Four small clinics, clean or with one fault of every kind, each known to its file, line, column and rule.

A fault is a good row of the clean world with a few cells changed (tests/faults.py), so the corrected export is the
clean one.
"""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.faults import (
    APP,
    BAD_DIARY,
    BAD_PHONE,
    DIARY,
    FORMS,
    MEASURES,
    OTHERS,
    PAUSES,
    PEOPLE,
    PHONE,
    REGISTRY,
    START,
    Fault,
    Row,
    enrolment,
    measure,
    pause,
    session,
    survey,
)  # fmt: skip

# clinic/source, file, line, part, column, rule, severity
Problem = tuple[str, str, int, str, str, str, str]
HEAD = """clinic = "{clinic}"
table = "{table}"
reader = "{reader}"
files = "*.{suffix}"
exported_at = "name:%Y-%m-%d"
mode = "{mode}"
timezone = "Europe/Berlin"
data_through = "2026-03-31"
[dialect]
encoding = "utf-8"
date_order = "ymd"
decimal = "."
"""
CSV = 'delimiter = ","\nquote = "\\""\n'
ASKED = """[instruments.gad7]
version = "7"
items = "g{n}"
[instruments.phq9]
version = "9"
items = "p{n}"
scores = { total = "ptotal" }
"""
Rows = list[tuple[Row, Fault | None]]


def write_world(data: Path, is_faulty: bool, day: str, mode: str = "delta") -> list[Problem]:
    """Put the exports of a day below `data/raw`; returns what must be told of them."""
    told: list[Problem] = []
    for folder, (table, rows) in riverside().items():
        export = Export(data, "riverside", folder, table, day, mode)
        export.write_rows([row | (f.wrong if f and is_faulty else {}) for row, f in rows])
        told += [
            export.problem(line, fault.rule, fault.column, fault.severity, fault.part)
            for line, (_, fault) in enumerate(rows, 2)
            if fault
        ]
    _write_before(data, mode)
    told += _write_lines(data, is_faulty, day, mode)
    for clinic in OTHERS:
        told += _write_other(data, clinic, is_faulty, day, mode)
    return told if is_faulty else []


def riverside() -> dict[str, tuple[str, Rows]]:
    """Folder -> table and rows, each with the fault that a bad export has in its place."""
    registry: Rows = [(enrolment(person), None) for person in PEOPLE if person != "P06"]
    overlap = Fault("overlapping_enrolments", "start_date", {"start_date": "2026-01-20"}, "warning")
    rewritten = Fault("retroactive_change", "", {"sessions_per_week": "5"}, "warning")
    registry += [
        (enrolment("P04", enrolment_id="E2-P04", condition_code="knee_oa"), None),
        (enrolment("P05", enrolment_id="E2-P05", start_date="2026-03-02"), overlap),
        (enrolment("P06"), rewritten),
    ]
    autumn = {"start_date": "2025-10-20", "index_date": "2025-10-20", "consent_date": ""}
    registry += [(enrolment("O01", **autumn), None)]
    registry += [
        (enrolment(f"N{n:02}", **cells), fault) for n, (cells, fault) in enumerate(REGISTRY)
    ]
    app: Rows = [(session(person, n), None) for person in PEOPLE for n in range(2)]
    app += [
        (session("P04" if fault.rule == "ambiguous_enrolment" else "P01", n), fault)
        for n, fault in enumerate(APP, 2)
    ]
    twice = Fault("time_in_fold", "started_at", {"started_at": "2025-10-26 02:30"}, "warning")
    night = {"started_at": "2025-10-26 03:30", "ended_at": "", "recorded_at": "2025-10-26 12:00"}
    app += [(session("O01", 0, **night), twice)]
    forms: Rows = [
        (survey(person, START + timedelta(days=28 * n), 2 - n), None)
        for person in PEOPLE
        for n in range(2)
    ]
    forms += [(survey("P08", START + timedelta(days=n), 2), f) for n, f in enumerate(FORMS, 2)]
    pauses: Rows = [(pause(person), f) for person, f in zip(PEOPLE[8:], PAUSES, strict=True)]
    measures: Rows = [
        (measure(person, **cells), f) for person, (cells, f) in zip(PEOPLE, MEASURES, strict=False)
    ]
    return {
        "registry": ("enrolment", registry), "app": ("session", app), "forms": ("survey", forms),
        "pauses": ("pause", pauses), "algometer": ("measure", measures),
    }  # fmt: skip


@dataclass(frozen=True)
class Export:
    """One export file of a clinic, with the mapping beside it."""

    data: Path
    clinic: str
    folder: str
    table: str
    day: str
    mode: str
    reader: str = "csv"

    @property
    def suffix(self) -> str:
        return {"csv": "csv", "jsonl": "jsonl"}[self.reader]

    @property
    def file_name(self) -> str:
        return f"export_{self.day}.{self.suffix}"

    def problem(
        self, line: int, rule: str, column: str, severity: str = "row", part: str = ""
    ) -> Problem:
        """What must be told of one record of this file."""
        source = f"{self.clinic}/{self.folder}"
        return source, self.file_name, line, part, column, rule, severity

    def write_rows(self, rows: list[Row]) -> None:
        """Write rows as CSV, columns named as the canonical ones are."""
        columns = list(rows[0])
        asked = ASKED if self.table == "survey" else ""
        named = [
            c for c in columns if not (asked and c[0] in "gp" and c[1:] in (*"123456789", "total"))
        ]
        mapped = "".join(f'{column} = "{column}"\n' for column in named)
        with (
            self._open(f"{CSV}[columns]\n{mapped}{asked}") as path,
            path.open("w", newline="") as file,
        ):
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    def write_lines(self, lines: list[str], mapping: str) -> None:
        """Write lines as they are."""
        with self._open(mapping) as path:
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    @contextmanager
    def _open(self, mapping: str) -> Iterator[Path]:
        folder = self.data / "raw" / self.clinic / self.folder
        folder.mkdir(parents=True, exist_ok=True)
        head = HEAD.format(**{**vars(self), "suffix": self.suffix})
        (folder / "source.toml").write_text(head + mapping, encoding="utf-8")
        yield folder / self.file_name


def _write_before(data: Path, mode: str) -> None:
    """The export of a day after the start: what the prescription of P06 was."""
    Export(data, "riverside", "registry", "enrolment", "2026-01-06", mode).write_rows(
        [enrolment("P06")]
    )


def _write_lines(data: Path, is_faulty: bool, day: str, mode: str) -> list[Problem]:
    diary = Export(data, "riverside", "diary", "session", day, mode)
    head, *good = DIARY
    columns = "".join(f'{column} = "{column}"\n' for column in head.split(","))
    diary.write_lines([head, *(BAD_DIARY if is_faulty else good)], f"{CSV}[columns]\n{columns}")
    phone = Export(data, "riverside", "phone", "session", day, mode, "jsonl")
    mapped = '[columns]\nparticipant_id = "p"\nstarted_at = "at"\nminutes = "min"\n'
    phone.write_lines([PHONE[0], BAD_PHONE if is_faulty else PHONE[1]], mapped)
    return [
        diary.problem(2, "broken_quotes", ""),
        diary.problem(3, "ragged_row", ""),
        phone.problem(2, "not_json", ""),
    ]


def _write_other(data: Path, clinic: str, is_faulty: bool, day: str, mode: str) -> list[Problem]:
    """A clinic with one bad habit: no number at all, hours for minutes, or none."""
    registry = Export(data, clinic, "registry", "enrolment", day, mode)
    registry.write_rows([enrolment(person) for person in PEOPLE])
    app = Export(data, clinic, "app", "session", day, mode)
    habit = {"harbour": "?", "lakeside": "0.33", "seaside": "20"}[clinic]
    wrong = {"minutes": habit if is_faulty else "20", "ended_at": ""}
    rows = [session(person, n) | wrong for person in PEOPLE for n in range(2)]
    app.write_rows(rows)
    if clinic == "harbour":
        lines = range(2, len(rows) + 2)
        found = [app.problem(line, "not_a_number", "minutes") for line in lines]
        return [*found, app.problem(0, "refused_above_ceiling", "", "file")]
    if clinic == "lakeside":
        return [app.problem(0, "implausible_unit", "minutes", "file")]
    return []
