"""Which exports are there: sources below `raw/`, their files, and the key of each.

A key is made of everything that decides what a file becomes: its bytes, its name, its mapping, the contract,
and the vocabularies and questionnaires it is read with. Same key, same rows: nothing to do.
"""

import fnmatch
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flows.steps.cells import Context
from flows.steps.check_columns import check_columns
from flows.steps.survey_blocks import check_instruments
from schemas.errors import ExportUnreadable, SourceWrong
from schemas.landed import CONTRACT_VERSION
from schemas.source import Source, read_source


@dataclass(frozen=True)
class Export:
    """One export file of one source, as found."""

    source: Source
    path: Path
    name: str  # below the source's folder, posix
    sha256: str
    key: str
    size: int
    mtime_ns: int

    @property
    def label(self) -> str:
        """How messages name it: clinic/source/file."""
        return f"{self.source.mapping.clinic}/{self.source.source_id}/{self.name}"


def find_sources(raw: Path, context: Context) -> tuple[list[Source], list[SourceWrong]]:
    """All mappings below `raw`, and the messages of those that are wrong; the others go on."""
    sources, wrong = [], []
    for path in sorted([*raw.rglob("source.toml"), *raw.rglob("*.source.toml")]):
        try:
            source = read_source(path)
            check_instruments(source, context.instruments)
            check_columns(source, context.vocabularies)
            sources.append(source)
        except SourceWrong as error:
            wrong.append(error)
    return sources, wrong + _doubled(sources)


def _doubled(sources: list[Source]) -> list[SourceWrong]:
    seen: dict[tuple[str, str], Source] = {}
    wrong = []
    for source in list(sources):
        key = (source.mapping.clinic, source.source_id)
        if key in seen:
            wrong.append(
                SourceWrong(
                    f"{source.path}, line 1, key clinic: clinic '{key[0]}' already has a source '{key[1]}' ({seen[key].path}); rename the folder"
                )
            )
            sources.remove(source)
        seen.setdefault(key, source)
    return wrong


def find_export_files(source: Source) -> list[Path]:
    """The files of one source, in name order."""
    folder = source.folder
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.name.endswith("source.toml")
        and _matches(path.relative_to(folder).as_posix(), source.mapping.files)
        and not (path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()))
    ]


def read_export(source: Source, path: Path, context: Context) -> Export:
    """One file with its hash and key. Size and time are those before hashing: who writes meanwhile is noticed later."""
    name, stat = path.relative_to(source.folder).as_posix(), path.stat()
    sha256 = hash_file(path)
    key = export_key(source, name, sha256, context)
    return Export(source, path, name, sha256, key, stat.st_size, stat.st_mtime_ns)


def _matches(name: str, pattern: str) -> bool:
    """Glob as people mean it: `**/` also stands for no folder at all."""
    return fnmatch.fnmatch(name, pattern) or (
        pattern.startswith("**/") and fnmatch.fnmatch(name, pattern[3:])
    )


def hash_file(path: Path) -> str:
    """SHA-256 of the bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def export_key(source: Source, name: str, sha256: str, context: Context) -> str:
    """The key under which a file's rows are landed."""
    parts = [
        CONTRACT_VERSION,
        sha256,
        source.mapping.clinic,
        source.source_id,
        name,
        source.text,
        _definitions(source, context),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _definitions(source: Source, context: Context) -> str:
    """The vocabularies and questionnaires that reading this source depends on."""
    instruments = {
        n: context.instruments[n, m.version].definition_sha256
        for n, m in source.mapping.instruments.items()
    }
    codes = {name: sorted(entries) for name, entries in context.vocabularies.items()}
    return json.dumps(
        [instruments, codes, context.policy.number("duration.days_per_month")], sort_keys=True
    )


def exported_at(source: Source, export: Export, newest_in_column: datetime | None) -> datetime:
    """When the source wrote this export (naive UTC): the measure of what is newest."""
    origin, _, value = source.mapping.exported_at.partition(":")
    if origin == "name":
        return _from_name(value, export)
    if origin == "column":
        if newest_in_column is None:
            raise ExportUnreadable(
                f"{export.label}: no readable time in column '{value}', which exported_at names; correct source.toml, or export again"
            )
        return newest_in_column
    if origin == "fixed":
        return datetime.fromisoformat(value).replace(tzinfo=None)
    return datetime.fromtimestamp(export.mtime_ns / 1e9, UTC).replace(tzinfo=None)


def _from_name(pattern: str, export: Export) -> datetime:
    digits = {
        "Y": r"\d{4}",
        "m": r"\d{2}",
        "d": r"\d{2}",
        "H": r"\d{2}",
        "M": r"\d{2}",
        "S": r"\d{2}",
        "y": r"\d{2}",
        "j": r"\d{3}",
    }
    expression = re.sub(
        r"%([YmdHMSyj])", lambda m: digits[m[1]], re.escape(pattern).replace("\\%", "%")
    )
    for match in re.finditer(expression, Path(export.name).name):
        try:
            return datetime.strptime(match[0], pattern)
        except ValueError:
            continue
    raise ExportUnreadable(
        f"{export.label}: the file name holds no date of the form '{pattern}'; rename the file, or change exported_at in source.toml"
    )
