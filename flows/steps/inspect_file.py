"""`followthrough inspect FILE|FOLDER`: how an export would be read, and a draft of its source.toml.

Nothing is written and nothing is taken in. Codes and visit labels stand in the draft, because they must be
mapped; other cells are counted only.
"""

import re
import tempfile
from pathlib import Path
from typing import Any

from flows.readers import READERS
from flows.steps.inspect_columns import (
    Roles,
    date_evidence,
    decimal_evidence,
    find_identifiers,
    find_roles,
    find_suffixes,
    multiple,
    time_columns,
)
from flows.steps.inspect_draft import Draft
from flows.steps.inspect_questionnaires import Found, find_in_fhir, find_questionnaires
from flows.steps.inspect_sample import Sample, read_sample
from schemas.errors import ExportUnreadable
from schemas.instrument import SHIPPED, Instrument, read_instruments
from schemas.source import read_source
from schemas.vocabulary import Vocabularies, read_vocabularies

_SURVEYS = ("fhir", "qualtrics", "surveymonkey", "google_forms", "xlsx")
_EXPORT = {".csv", ".tsv", ".tab", ".txt", ".dat", ".json", ".jsonl", ".ndjson", ".xlsx"}


def inspect_file(path: Path) -> dict[str, Any]:
    """What a file, or each kind of file below a folder, seems to be; `lines` is that in words."""
    if not path.exists():
        raise ExportUnreadable(f"{path}: no such file or folder; check the path")
    if path.is_file():
        told = _inspect_one(path, "source.toml", 1)
        return {"path": str(path), "files": [told], "problems": [], "lines": _lines(told)}
    if not path.is_dir():
        raise ExportUnreadable(f"{path}: neither a file nor a folder; give an export file")
    return _inspect_folder(path)


def _inspect_folder(folder: Path) -> dict[str, Any]:
    """One draft for each kind of file: same folder, same format, same header."""
    kinds: dict[tuple[str, ...], list[Path]] = {}
    problems = []
    for path in sorted(p for p in folder.rglob("*") if _may_be_export(p, folder)):
        try:
            sample = read_sample(path)
            key = (str(path.parent), sample.format, path.suffix, *sample.columns)
            if sample.format in ("jsonl", "fhir"):  # keys come and go from file to file
                key = key[:3]
            kinds.setdefault(key, []).append(path)
        except ExportUnreadable as error:
            problems.append(error.message)
    if not kinds:
        raise ExportUnreadable(
            "\n".join(
                [f"{folder}: no export found in this folder; put the export files there", *problems]
            )
        )
    n_in = {key[0]: sum(other[0] == key[0] for other in kinds) for key in kinds}
    told = []
    for key, paths in kinds.items():
        name = "source.toml" if n_in[key[0]] == 1 else _draft_name(paths)
        told.append(
            _inspect_one(paths[0], name, len(paths), _pattern(paths) if n_in[key[0]] > 1 else None)
        )
    lines = [line for one in told for line in [*_lines(one), ""]]
    lines += [f"problem: {message}" for message in problems]
    return {"path": str(folder), "files": told, "problems": problems, "lines": lines}


def _may_be_export(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.is_file() and not hidden and path.suffix.lower() in _EXPORT


def _draft_name(paths: list[Path]) -> str:
    stem = re.sub(r"[^A-Za-z]+", "_", paths[0].stem).strip("_").lower()
    return f"{stem or 'export'}.source.toml"


def _pattern(paths: list[Path]) -> str:
    """A glob that fits these files by what stands before their dates."""
    stem = re.split(r"\d", paths[0].name)[0]
    if len(paths) == 1 and stem == paths[0].name:
        return stem
    return f"{stem}*{paths[0].suffix}"


def _inspect_one(
    path: Path, draft_name: str, n_files: int, files: str | None = None
) -> dict[str, Any]:
    sample = read_sample(path)
    instruments, vocabularies = _definitions(path)
    if sample.format == "fhir":
        found, suffixes = find_in_fhir(sample.link_ids, instruments), {}
    else:
        suffixes = find_suffixes(sample.columns)
        found = find_questionnaires(_stems(sample, suffixes), sample.frame, instruments)
    roles = find_roles(sample.columns, found, suffixes, _only_table(sample))
    if roles.table != "survey":
        found = multiple(found)
    times = time_columns(roles, sample.frame, suffixes)
    order, why_order = date_evidence([c for group in times.values() for c in group], sample.frame)
    evidence = {"date order": f"{order or 'not settled'}: {why_order}"} if times else {}
    if sample.format not in ("jsonl", "fhir", "xlsx"):
        decimal, why_decimal = decimal_evidence(roles, found, sample.frame)
        evidence["decimal"] = f"{decimal or 'not settled'}: {why_decimal}"
    text = Draft(sample, roles, found, suffixes, order, vocabularies).text
    text = (
        text
        if files is None
        else re.sub(r"(?m)^files .*$", lambda _: f'files       = "{files}"', text)
    )
    _check_draft(text, draft_name)
    return {
        "file": str(path),
        "n_files": n_files,
        "format": sample.format,
        "why_format": sample.why_format,
        "reader_exists": sample.format in READERS,
        "rows_seen": sample.frame.height,
        "receipt": sample.receipt | evidence,
        "guesses": sample.guesses,
        "questionnaires": [str(f) for f in found],
        "table": roles.table,
        "is_table_recognised": roles.score > 0,
        "participant": roles.columns.get("participant_id"),
        "times": {name: group for name, group in times.items() if group},
        "visit": roles.visit or ", ".join(suffixes) or None,
        "not_recognised": _unused(sample, roles, found, suffixes),
        "identifiers": find_identifiers(sample.frame) if not sample.frame.is_empty() else [],
        "draft": {"name": draft_name, "text": text},
    }


def _definitions(path: Path) -> tuple[dict[tuple[str, str], Instrument], Vocabularies]:
    """Questionnaires and vocabularies, with the user's own where the file lies below a data folder's raw/."""
    raw = next((p for p in path.resolve().parents if p.name == "raw"), None)
    if raw is None:
        return read_instruments(SHIPPED), read_vocabularies()
    data = raw.parent
    return read_instruments(SHIPPED, data / "instruments"), read_vocabularies(
        data / "vocabulary.toml"
    )


def _only_table(sample: Sample) -> str | None:
    """The table that a format allows; None where the columns decide."""
    if sample.format == "fhir" and "Observation" in sample.why_format:
        return "measure"
    return "survey" if sample.format in _SURVEYS else None


def _stems(sample: Sample, suffixes: dict[str, list[str]]) -> tuple[str, ...]:
    """Column names, those of visit blocks once and without their suffix."""
    block = {stem + suffix for suffix, group in suffixes.items() for stem in group}
    stems = dict.fromkeys(stem for group in suffixes.values() for stem in group)
    return tuple([*(c for c in sample.columns if c not in block), *stems])


def _unused(
    sample: Sample, roles: Roles, found: list[Found], suffixes: dict[str, list[str]]
) -> list[str]:
    """Columns that the draft does not read; they never leave the reader."""
    used = {*roles.columns.values(), roles.visit, roles.clock}
    used |= {c for f in found for c in (*f.items.values(), *f.totals)}
    used |= {c + suffix for c in list(filter(None, used)) for suffix in suffixes}
    return [column for column in sample.columns if column not in used]


def _check_draft(text: str, name: str) -> None:
    """A draft parses as it stands: what is handed out is read back first."""
    with tempfile.TemporaryDirectory(prefix="followthrough-") as folder:
        path = Path(folder, name)
        path.write_text(text, encoding="utf-8")
        read_source(path)


def _lines(told: dict[str, Any]) -> list[str]:
    """What was found, in words for a terminal."""
    more = f" (and {told['n_files'] - 1} more of its kind)" if told["n_files"] > 1 else ""
    lines = [f"{told['file']}{more}", f"format: {told['format']} ({told['why_format']})"]
    if not told["reader_exists"]:
        lines.append(
            f"reader: this version has none for {told['format']}; it reads {', '.join(READERS)}"
        )
    lines += [f"{key}: {value}" for key, value in told["receipt"].items()]
    lines += [f"guessed {key}: {value}; check it" for key, value in told["guesses"].items()]
    doubt = "" if told["is_table_recognised"] else " (not recognised: only the form of a draft)"
    lines.append(f"table: {told['table']}{doubt}; {told['rows_seen']} rows seen")
    lines.append("questionnaires: " + ("; ".join(told["questionnaires"]) or "none recognised"))
    lines.append(f"participant: {told['participant'] or 'not recognised'}")
    times = (f"{name} in {', '.join(group)}" for name, group in told["times"].items())
    lines.append("times: " + ("; ".join(times) or "none recognised"))
    lines.append(f"visits: {told['visit'] or 'none recognised'}")
    for identifier in told["identifiers"]:
        lines.append(
            f"names people? {identifier['column']}: {identifier['kind']}, by {identifier['why']}"
        )
    if told["not_recognised"]:
        lines.append(f"not read by the draft: {', '.join(told['not_recognised'][:40])}")
    draft = told["draft"]
    return [
        *lines,
        "",
        f"# ---- {draft['name']} (lines marked `check` need you) ----",
        *draft["text"].splitlines(),
    ]
