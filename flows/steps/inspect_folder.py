"""The exports below a folder, by kind: what lies in one folder, has one format and one header is one source.

Folders that differ in their figures only (`p01`, `p02`; `2026-01`, `2026-02`) hold one source together, if the folder stands
for a date, or for the person whom the files do not name.
"""

import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from os.path import commonpath
from pathlib import Path

from flows.readers.first_look import first_records
from flows.steps.inspect_format import Format, find_format
from flows.steps.inspect_head import Place
from flows.steps.inspect_safe import check_plain
from schemas.errors import ExportUnreadable

_MOST_FILES = 5000  # below one folder; more are told, and not looked at
_NO_HEADER = ("jsonl", "fhir", "xlsx")  # keys and sheets come and go from file to file
_DESCRIPTIONS = {".toml", ".md"}
_DATE = re.compile(r"\d{4}(?:[-_.]?\d{2}){0,2}")


@dataclass(frozen=True)
class Kind:
    """Files of one kind: the one to look into stands first. `place` is where their mapping belongs."""

    format: Format
    paths: list[Path]
    place: Place


@dataclass(frozen=True)
class Found:
    """What lies below a folder: kinds of exports, files that are something else, and files that cannot be read."""

    kinds: list[Kind]
    left_out: list[str]
    problems: list[str]


_Key = tuple[str, ...]


def kind_of_file(path: Path) -> Kind:
    """One file, with a glob that leaves out what lies beside it and is of another kind."""
    check_plain(path)
    found = find_format(path)
    own = _key(path, found)
    beside = [
        p for p in islice(sorted(path.parent.iterdir()), 200) if _is_candidate(p, path.parent)
    ]
    others = [p for p in beside if p != path and _key_or_none(p) != own]
    return Kind(found, [path], Place(path.parent, _glob([path], others)))


def find_kinds(folder: Path, names_person: Callable[[Path, Format], bool]) -> Found:
    """All kinds of exports below a folder. `names_person`: whether a file itself says whose its rows are."""
    formats: dict[Path, Format] = {}
    groups: dict[tuple[Path, _Key], list[Path]] = {}
    found = Found([], [], [])
    candidates = (path for path in sorted(folder.rglob("*")) if _is_candidate(path, folder))
    for path in islice(candidates, _MOST_FILES):
        try:
            check_plain(path, folder)
            formats[path] = find_format(path)
            groups.setdefault((path.parent, _key(path, formats[path])), []).append(path)
        except ExportUnreadable as refusal:
            is_other = "not an export" in refusal.message
            (found.left_out if is_other else found.problems).append(refusal.message)
    if more := sum(1 for _ in candidates):
        found.problems.append(
            f"{folder}: {more} more files were not looked at; inspect their folders one by one"
        )
    for paths in _merged(groups, formats, folder, names_person):
        largest = sorted(paths, key=lambda path: -path.stat().st_size)
        found.kinds.append(_kind(formats[largest[0]], largest, folder))
    return found


def _is_candidate(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return not path.is_dir() and not hidden and path.suffix.lower() not in _DESCRIPTIONS


def _key(path: Path, found: Format) -> _Key:
    """What files of one kind share; a mapping's `files` goes by names, so their ending as well."""
    if found.name in _NO_HEADER:
        return (found.name, path.suffix, re.sub(r"\d+", "", path.stem))
    return (found.name, path.suffix, *next(iter(first_records(path, 1)), ()))


def _key_or_none(path: Path) -> _Key | None:
    try:
        check_plain(path)
        return _key(path, find_format(path))
    except ExportUnreadable:
        return None


def _merged(
    groups: dict[tuple[Path, _Key], list[Path]],
    formats: dict[Path, Format],
    folder: Path,
    names_person: Callable[[Path, Format], bool],
) -> list[list[Path]]:
    """The groups, those of folders that only count together in one."""
    alike: dict[tuple[str, _Key], list[list[Path]]] = {}
    for (parent, key), paths in groups.items():
        counted = re.sub(r"\d+", "0", parent.relative_to(folder).as_posix())
        alike.setdefault((counted, key), []).append(paths)
    merged = []
    for several in alike.values():
        whole = [path for paths in several for path in paths]
        is_one = len(several) > 1 and _is_in_one_source(whole)
        is_one = is_one and (_by_date(whole) or not names_person(whole[0], formats[whole[0]]))
        merged += [whole] if is_one else several
    return merged


def _is_in_one_source(paths: list[Path]) -> bool:
    """Whether a mapping for all of them would lie within one clinic's source."""
    common = Path(commonpath([path.parent.resolve() for path in paths])).parts
    return "raw" not in common or len(common) - 1 - common[::-1].index("raw") <= len(common) - 3


def _by_date(paths: list[Path]) -> bool:
    return all(_DATE.fullmatch(part) for part in _differing(paths))


def _differing(paths: list[Path]) -> list[str]:
    """The names of folders in which the places of these files differ."""
    parts = list(zip(*(path.parent.parts for path in paths), strict=False))
    return [name for names in parts if len(set(names)) > 1 for name in names]


def _kind(found: Format, paths: list[Path], folder: Path) -> Kind:
    common = Path(commonpath([path.parent for path in paths]))
    if all(path.parent == common for path in paths):
        beside = [p for p in common.iterdir() if _is_candidate(p, folder)]
        others = [p for p in beside if p not in paths]
        return Kind(found, paths, Place(common, _glob(paths, others), None, len(paths)))
    names = list(zip(*(path.relative_to(common).parts for path in paths), strict=False))
    pattern = "/".join(_shared(list(dict.fromkeys(several))) for several in names)
    differing = next(several[0] for several in names if len(set(several)) > 1)
    person = None if _by_date(paths) else f"({re.sub(r'[0-9]+', '[0-9]+', differing)})/"
    return Kind(found, paths, Place(common, pattern, person, len(paths)))


def _shared(names: list[str]) -> str:
    """One name, or what stands before the figures and behind the last dot of several."""
    if len(names) == 1:
        return names[0]
    return re.split(r"\d", names[0])[0] + "*" + (Path(names[0]).suffix if "." in names[0] else "")


def _glob(paths: list[Path], others: list[Path]) -> str:
    """The widest glob that fits these files and none of the others."""
    first = paths[0]
    before_figures = re.split(r"\d", first.name)[0].removesuffix(first.suffix)
    globs = [f"*{first.suffix}"]
    globs += [f"{before_figures}*{first.suffix}"] if before_figures else []
    for glob in globs:
        if all(fnmatch.fnmatch(p.name, glob) for p in paths):
            if not any(fnmatch.fnmatch(p.name, glob) for p in others):
                return glob
    return re.sub(r"([\[*?])", r"[\1]", first.name) if len(paths) == 1 else globs[-1]
