"""`followthrough inspect FILE|FOLDER`: how exports would be read, and drafts of their source.toml.

Nothing is taken in, and nothing is written unless drafts are asked for where no mapping stands. Codes and visit labels stand
in a draft, because they must be mapped; other cells are counted only.
"""

import tempfile
from pathlib import Path
from typing import Any

from flows.steps.check_columns import check_columns
from flows.steps.inspect_columns import Roles
from flows.steps.inspect_draft import Draft
from flows.steps.inspect_folder import Kind, find_kinds, kind_of_file
from flows.steps.inspect_format import Format
from flows.steps.inspect_head import UNKNOWN
from flows.steps.inspect_identifiers import find_identifiers
from flows.steps.inspect_naming import name_drafts, write_drafts
from flows.steps.inspect_readings import Reading, find_readings
from flows.steps.inspect_report import lines_of
from flows.steps.inspect_safe import check_plain
from flows.steps.inspect_sample import Sample, read_samples
from flows.steps.inspect_times import date_evidence, decimal_evidence, time_columns
from flows.steps.survey_blocks import check_instruments
from schemas.errors import ExportUnreadable
from schemas.instrument import SHIPPED, Instrument, read_instruments
from schemas.source import read_source
from schemas.vocabulary import Vocabularies, read_vocabularies

Told = dict[str, Any]
Definitions = tuple[dict[tuple[str, str], Instrument], Vocabularies]


def inspect_file(path: Path, write: bool = False) -> Told:
    """What a file, or each kind of file below a folder, seems to be; `lines` is that in words."""
    left_out: list[str] = []
    problems: list[str] = []
    if path.is_dir():
        files, left_out, problems = _inspect_folder(path)
    else:
        check_plain(path)
        files = _inspect_kind(kind_of_file(path))
    name_drafts(files)
    if write:
        write_drafts(files)
    told = {"path": str(path), "files": files, "left_out": left_out, "problems": problems}
    return told | {"lines": lines_of(told)}


def _inspect_folder(folder: Path) -> tuple[list[Told], list[str], list[str]]:
    found = find_kinds(folder, _names_person)
    files: list[Told] = []
    for kind in found.kinds:
        try:
            files += _inspect_kind(kind)
        except ExportUnreadable as refusal:
            found.problems.append(refusal.message)
    if not files:
        told = [f"{folder}: no export found in this folder; put the export files there"]
        raise ExportUnreadable("\n".join([*told, *found.left_out, *found.problems]))
    return files, found.left_out, found.problems


def _names_person(path: Path, found: Format) -> bool:
    """Whether a file has a column that says whose its rows are."""
    definitions = _definitions(path)
    readings = (r for s in read_samples(path, found) for r in find_readings(s, *definitions)[:1])
    return all("participant_id" in reading.roles.columns for reading in readings)


def _inspect_kind(kind: Kind) -> list[Told]:
    path = kind.paths[0]
    definitions = _definitions(path)
    samples = read_samples(path, kind.format)
    head = {
        "file": str(path),
        "n_files": len(kind.paths),
        "folder": str(kind.place.folder),
        "format": kind.format.name,
        "why_format": kind.format.why,
        "misnamed": kind.format.misnamed,
    }
    return [head | _inspect_sample(s, kind, definitions) for s in samples] or [head | _nothing()]


def _nothing() -> Told:
    """Of a FHIR file whose resources fill no table by themselves."""
    empty: Told = {
        "rows_seen": 0,
        "receipt": {},
        "guesses": {},
        "questionnaires": [],
        "table": None,
    }
    empty |= {"is_table_recognised": False, "participant": None, "times": {}, "visit": None}
    return empty | {"undecided": {}, "not_recognised": [], "identifiers": [], "drafts": []}


def _inspect_sample(sample: Sample, kind: Kind, definitions: Definitions) -> Told:
    readings = find_readings(sample, *definitions)
    best, times = readings[0], _times(readings, sample)
    found = [
        one for reading in readings for one in reading.found if reading.roles.table == "survey"
    ]
    return {
        "rows_seen": sample.frame.height,
        "receipt": sample.receipt | _evidence(sample, best),
        "guesses": sample.guesses,
        "questionnaires": list(dict.fromkeys(str(one) for one in found or best.found)),
        "table": best.roles.table,
        "is_table_recognised": best.roles.score > 0,
        "participant": best.roles.columns.get("participant_id"),
        "times": times,
        "visit": next((r.roles.visit for r in readings if r.roles.visit), None)
        or ", ".join(best.suffixes)
        or None,
        "undecided": {n: c for reading in readings for n, c in reading.several.items()},
        "not_recognised": _unused(sample, readings),
        "identifiers": find_identifiers(sample.frame),
        "drafts": [_draft(sample, reading, kind, definitions) for reading in readings],
    }


def _times(readings: list[Reading], sample: Sample) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for reading in readings:
        for name, group in time_columns(reading.roles, sample.frame, reading.suffixes).items():
            found[name] = list(dict.fromkeys([*found.get(name, []), *group]))
    return found


def _order(sample: Sample, reading: Reading) -> tuple[str | None, str]:
    times = time_columns(reading.roles, sample.frame, reading.suffixes)
    return date_evidence([c for group in times.values() for c in group], sample.frame)


def _evidence(sample: Sample, reading: Reading) -> dict[str, str]:
    """What the cells say about how they are written, for the receipt."""
    told = {}
    if time_columns(reading.roles, sample.frame, reading.suffixes):
        order, why = _order(sample, reading)
        told["date order"] = f"{order or 'not settled'}: {why}"
    if sample.format not in ("jsonl", "fhir", "xlsx"):
        decimal, why = decimal_evidence(reading.roles, reading.found, sample.frame)
        told["decimal"] = f"{decimal or 'not settled'}: {why}"
    return told


def _draft(sample: Sample, reading: Reading, kind: Kind, definitions: Definitions) -> Told:
    order, why = _order(sample, reading)
    text = Draft(sample, reading, order, why, definitions[1], kind.place).text()
    _check_draft(text, definitions)
    return {"table": reading.roles.table, "text": text}


def _definitions(path: Path) -> Definitions:
    """Questionnaires and vocabularies, with the user's own where the file lies below a data folder's raw/."""
    raw = next((p for p in path.resolve().parents if p.name == "raw"), None)
    if raw is None:
        return read_instruments(SHIPPED), read_vocabularies()
    data = raw.parent
    instruments = read_instruments(SHIPPED, data / "instruments")
    return instruments, read_vocabularies(data / "vocabulary.toml")


def _unused(sample: Sample, readings: list[Reading]) -> list[str]:
    """Columns that no draft reads; they never leave the reader."""
    used: set[str] = set()
    for reading in readings:
        used |= _used(reading.roles)
        used |= {c for f in reading.found for c in (*f.items.values(), *f.totals)}
    used |= {c + suffix for c in used for suffix in readings[0].suffixes}
    return [column for column in sample.columns if column not in used]


def _used(roles: Roles) -> set[str]:
    return {c for c in (*roles.columns.values(), roles.visit, roles.clock) if c}


def _check_draft(text: str, definitions: Definitions) -> None:
    """A draft is a mapping that could run, but for what it asks: what is handed out is read back first."""
    with tempfile.TemporaryDirectory(prefix="followthrough-") as folder:
        path = Path(folder, "source.toml")
        path.write_text(text.replace(f'= "{UNKNOWN}"', '= "UTC"'), encoding="utf-8")
        source = read_source(path)
        check_instruments(source, definitions[0])
        check_columns(source, definitions[1])
