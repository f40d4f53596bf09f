"""What a workbook says beside its cells: its sheets, its shared texts, and what its numbers stand for.

Elements are known by their local names: the strict and the transitional form of the standard differ in namespaces only.
"""

import posixpath
import re
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.escape import unescape

from flows.readers.xlsx_archive import MAX_TEXTS_BYTES, PartParser, damaged, read_tree
from schemas.errors import ExportUnreadable

MAX_CELL_CHARS = 1 << 20  # Excel itself holds 32,767
NUMBER, PERCENT, DATE, DATETIME, TIME, ELAPSED = (
    "number",
    "percent",
    "date",
    "datetime",
    "time",
    "elapsed",
)
_EAST_ASIAN_DATES = {*range(27, 37), *range(50, 59)}  # built in for some languages only
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_NO_FORMAT = re.compile(
    r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]'
)  # quoted words, padding, colours, languages
_FRACTION_OF_SECOND = re.compile(r"(?<=s)\.0+")
_GENERAL = ("general", "standard")


@dataclass(frozen=True)
class Sheet:
    """One worksheet."""

    name: str
    part: str
    is_hidden: bool


@dataclass(frozen=True)
class Package:
    """An opened workbook. `kinds` says for each cell style what its numbers stand for."""

    name: str
    archive: zipfile.ZipFile
    sheets: tuple[Sheet, ...]
    texts: list[str]
    kinds: list[str]
    is_1904: bool


def read_package(name: str, archive: zipfile.ZipFile) -> Package:
    """Everything of a workbook but its cells."""
    main = [p for t, p in _relations(name, archive, "").values() if t == "officeDocument"]
    if not main or main[0] not in archive.namelist():
        raise ExportUnreadable(f"{name}: is a zip but no .xlsx workbook; save it as .xlsx")
    workbook = read_tree(name, archive, main[0])
    relations = _relations(name, archive, main[0])
    parts = {type_: part for type_, part in relations.values()}
    texts = _texts(name, archive, parts["sharedStrings"]) if "sharedStrings" in parts else []
    kinds = _kinds(read_tree(name, archive, parts["styles"])) if "styles" in parts else []
    sheets = tuple(_sheets(workbook, relations))
    if not sheets:
        raise damaged(name, "it has no worksheet")
    epoch = next((p.get("date1904") for p in _find(workbook, "workbookPr")), None)
    return Package(name, archive, sheets, texts, kinds, epoch in ("1", "true", "on"))


def _relations(name: str, archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Id -> (last word of the type, part) of what a part refers to; the package itself is the part without a name."""
    folder, file = posixpath.split(part)
    listed = posixpath.join(folder, "_rels", f"{file}.rels")
    if listed not in archive.namelist():
        return {}
    found = {}
    for relation in read_tree(name, archive, listed):
        if relation.get("TargetMode") != "External":
            target = posixpath.join("/", folder, relation.get("Target", ""))
            type_ = relation.get("Type", "").rpartition("/")[2]
            found[relation.get("Id", "")] = (type_, posixpath.normpath(target).lstrip("/"))
    return found


def _sheets(workbook: Element, relations: dict[str, tuple[str, str]]) -> Iterator[Sheet]:
    for listed in _find(workbook, "sheets"):
        for sheet in listed:
            relation = next((v for k, v in sheet.attrib.items() if k.endswith("}id")), "")
            type_, part = relations.get(relation, ("", ""))
            if type_ == "worksheet":  # not a sheet that is one chart
                is_hidden = sheet.get("state", "visible") != "visible"
                yield Sheet(sheet.get("name", ""), part, is_hidden)


def _find(parent: Element, name: str) -> Iterator[Element]:
    return (child for child in parent if local(str(child.tag)) == name)


def local(tag: str) -> str:
    """The name of an element without its namespace or prefix."""
    return tag.rpartition("}")[2].rpartition(":")[2]


def _kinds(styles: Element) -> list[str]:
    codes = dict(BUILTIN_FORMATS)
    for formats in _find(styles, "numFmts"):
        codes |= {int(f.get("numFmtId", "-1")): f.get("formatCode", "") for f in formats}
    return [
        _kind(int(style.get("numFmtId", "0")), codes)
        for styled in _find(styles, "cellXfs")
        for style in styled
    ]


def _kind(number: int, codes: dict[int, str]) -> str:
    if number not in codes:
        return DATE if number in _EAST_ASIAN_DATES else NUMBER
    code = codes[number].split(";")[0]
    if _ELAPSED.search(code):
        return ELAPSED
    code = _NO_FORMAT.sub("", code).lower().strip()
    if "%" in code:
        return PERCENT
    figures = _FRACTION_OF_SECOND.sub("", code)
    if not code or code.startswith(_GENERAL) or any(mark in figures for mark in "0#?@"):
        return NUMBER
    has_day, has_clock = bool(re.search("[dye]", code)), bool(re.search("[hs]", code))
    if has_clock:
        return DATETIME if has_day else TIME
    return DATE if has_day or "m" in code else NUMBER


def _texts(name: str, archive: zipfile.ZipFile, part: str) -> list[str]:
    """The shared texts in order; runs of rich text joined, readings of Chinese characters left out."""
    if part not in archive.namelist():
        raise damaged(name, f"{part} is not in it")
    if archive.getinfo(part).file_size > MAX_TEXTS_BYTES:
        raise ExportUnreadable(
            f"{name}: holds more than {MAX_TEXTS_BYTES >> 20} MB of texts; export in several files, or as CSV"
        )
    reader = _Texts(name)
    handlers = (reader.begin, reader.end, reader.read)
    with closing(PartParser(name, archive, part, handlers)) as parser:
        while parser.feed():
            pass
    return reader.texts


class _Texts:
    """The handlers of the shared texts."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.texts: list[str] = []
        self._words: list[str] = []
        self._n_chars, self._in_text, self._in_reading = 0, False, False

    def begin(self, tag: str, _: dict[str, str]) -> None:
        tag = local(tag)
        if tag == "si":
            self._words, self._n_chars = [], 0
        elif tag == "rPh":
            self._in_reading = True
        elif tag == "t":
            self._in_text = not self._in_reading

    def end(self, tag: str) -> None:
        tag = local(tag)
        if tag == "si":
            self.texts.append(str(unescape("".join(self._words))))
        elif tag == "rPh":
            self._in_reading = False
        elif tag == "t":
            self._in_text = False

    def read(self, text: str) -> None:
        if self._in_text:
            self._n_chars += len(text)
            if self._n_chars > MAX_CELL_CHARS:
                raise damaged(self.name, f"a cell holds over {MAX_CELL_CHARS} characters")
            self._words.append(text)
