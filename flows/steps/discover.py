"""Which exports are there: sources below `raw/`, their files, and the key of each.

A key is made of everything that decides what a file becomes: its bytes, its name, its mapping, the contract,
and the vocabularies and questionnaires it is read with. Same key, same rows: nothing to do.
"""

import errno
import fnmatch
import hashlib
import json
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flows.readers.layout import MAX_LINE_BYTES
from flows.readers.redcap_dictionary import dictionaries_in
from flows.steps.cells import Context
from flows.steps.check_columns import check_columns
from flows.steps.survey_blocks import check_instruments
from flows.steps.times import find_in_name
from schemas.errors import ExportUnreadable, SourceWrong
from schemas.landed import CONTRACT_VERSION
from schemas.source import Source, read_source

MAX_MAPPING_BYTES = 1 << 20  # operations [D]: a mapping of 5,000 columns has a tenth of it
PIECE_BYTES = 1 << 16
# Readers of formats in which a whole export may be one line; they bound what they hold themselves.
ANY_LENGTH = ("jsonl", "fhir", "xlsx")


# Numbers of the policy on which it depends how a row is read and judged; another figure reads every export again.
INTAKE_POLICY = (
    "duration.days_per_month",
    "session.minutes_differ_share",
    "session.clock_skew_minutes",
    "session.clock_skew_days",
)


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
            _check_is_mapping(path)
            source = read_source(path)
            check_instruments(source, context.instruments)
            check_columns(source, context.vocabularies)
            sources.append(source)
        except SourceWrong as error:
            wrong.append(error)
    return sources, wrong + _doubled(sources) + _links_out(raw, sources)


def _links_out(raw: Path, sources: list[Source]) -> list[SourceWrong]:
    """Linked folders beside the sources: whatever they hold is not looked at, and that must be known."""
    told = "is a link to a folder outside; put the folder itself here, or copy its files"
    links = (path for path in sorted(raw.rglob("*")) if path.is_symlink() and path.is_dir())
    inside = [source.folder for source in sources]  # there it is told as a file is
    return [
        SourceWrong(f"{path}: {told}")
        for path in links
        if not _is_within(path, raw) and not any(path.is_relative_to(folder) for folder in inside)
    ]


def _check_is_mapping(path: Path) -> None:
    """Only a plain file of a few lines is opened: reading a pipe would never end."""
    what = _not_a_file(path) or (
        f"is larger than {MAX_MAPPING_BYTES >> 20} MB"
        if path.stat().st_size > MAX_MAPPING_BYTES
        else None
    )
    if what:
        raise SourceWrong(f"{path}: {what}; put a source.toml there")


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
    """Whatever stands where an export of this source is looked for, in name order; `read_export` judges it."""
    found = [
        path
        for path in sorted(source.folder.rglob("*"))
        if not path.name.endswith("source.toml") and _is_asked_for(path, source)
    ]
    if source.mapping.reader != "redcap":
        return found
    describing = {d for folder in {path.parent for path in found} for d in dictionaries_in(folder)}
    return [path for path in found if path not in describing]


def _is_asked_for(path: Path, source: Source) -> bool:
    """Whether a name is one of an export. Folders are only told: linked from outside, or `x.csv` where `*.csv` is asked for."""
    deletes = source.mapping.deletes
    patterns = [source.mapping.files, *([deletes.files] if deletes else [])]
    if path.is_symlink() and path.is_dir():
        return not _is_within(path, source.folder)
    named = [p for p in patterns if _matches(path.relative_to(source.folder).as_posix(), p)]
    return any("." in Path(pattern).name or not path.is_dir() for pattern in named)


def read_export(source: Source, path: Path, context: Context) -> Export:
    """One file with its hash and key; raises OSError for what is no plain file of this folder.

    Size and time are those before hashing: who writes meanwhile is noticed later.
    """
    what = _not_a_file(path)
    if what is None and not _is_within(path, source.folder):
        what = "is a link to a file outside its folder"
    if what is not None:
        raise OSError(errno.EINVAL, f"it {what}", str(path))
    name, found = path.relative_to(source.folder).as_posix(), path.stat()
    if source.mapping.reader not in ANY_LENGTH:
        _check_lines(path, found.st_size)
    sha256 = hash_file(path)
    key = export_key(source, name, sha256, context)
    return Export(source, path, name, sha256, key, found.st_size, found.st_mtime_ns)


def _not_a_file(path: Path) -> str | None:
    """What a path is where it is no plain file; None for a plain file, or a link to one."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if path.is_symlink():
            return "is a link that leads nowhere"
        raise error
    kinds = {
        stat.S_ISDIR: "is a folder",
        stat.S_ISFIFO: "is a named pipe",
        stat.S_ISSOCK: "is a socket",
        stat.S_ISCHR: "is a device",
        stat.S_ISBLK: "is a device",
    }
    return next((f"{what}, not a file" for is_kind, what in kinds.items() if is_kind(mode)), None)


def _is_within(path: Path, folder: Path) -> bool:
    return not path.is_symlink() or path.resolve().is_relative_to(folder.resolve())


def _check_lines(path: Path, n_bytes: int) -> None:
    """Refuse a line that fills the memory before all of it is read: from place to place a line break must follow."""
    with path.open("rb") as file:
        for start in range(0, n_bytes - MAX_LINE_BYTES, MAX_LINE_BYTES):
            file.seek(start)
            seen = 0
            while seen < MAX_LINE_BYTES:
                piece = file.read(PIECE_BYTES)
                seen += len(piece)
                if not piece or b"\n" in piece or b"\r" in piece:
                    break
            else:
                told = f"it holds a line longer than {MAX_LINE_BYTES >> 20} MB, so its line ends are broken"
                raise OSError(errno.EINVAL, told, str(path))


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
        *_beside(source, name),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _definitions(source: Source, context: Context) -> str:
    """The vocabularies and questionnaires that reading this source depends on."""
    instruments = {
        n: context.instruments[n, m.version].definition_sha256
        for n, m in source.mapping.instruments.items()
    }
    codes = {name: sorted(entries) for name, entries in context.vocabularies.items()}
    policy = {key: context.policy.number(key) for key in INTAKE_POLICY}
    return json.dumps([instruments, codes, policy], sort_keys=True)


def _beside(source: Source, name: str) -> list[str]:
    """Hashes of what a reader looks at beside the export: REDCap's data dictionaries."""
    if source.mapping.reader != "redcap":
        return []
    return [hash_file(path) for path in dictionaries_in((source.folder / name).parent)]


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
    if (found := find_in_name(pattern, Path(export.name).name)) is not None:
        return found
    raise ExportUnreadable(
        f"{export.label}: the file name holds no date of the form '{pattern}'; rename the file, or change exported_at in source.toml"
    )
