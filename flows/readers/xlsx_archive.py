"""The zip of a workbook and the XML in it, unpacked within limits.

A zip can unpack to any size, and XML can refer to itself or to other files. Sizes are held against limits before anything
is unpacked (the zip reader never unpacks more than is declared), and a document type, without which there are no entities,
is refused.
"""

import zipfile
import zlib
from collections.abc import Callable, Generator
from pathlib import Path
from typing import NoReturn
from xml.etree.ElementTree import Element, ParseError
from xml.parsers import expat

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from schemas.errors import ExportUnreadable

# Limits: operations [D]. Sheets are streamed, so that their size costs time; shared texts are held in memory.
MAX_UNPACKED_BYTES = 2 << 30  # a full sheet (1,048,576 rows) of 50 columns
MAX_TEXTS_BYTES = 256 << 20  # the shared texts of such a sheet
MAX_PART_BYTES = 16 << 20  # any other part: the list of sheets, the styles
MAX_RATIO = 200  # sheets pack 10 to 60 times; the bound of the method is about 1,000
RATIO_FROM_BYTES = 16 << 20  # below this no ratio does harm
MAX_TOKEN_BYTES = (
    8 << 20
)  # one piece of XML; the parser would look through a longer one again and again
READ_BYTES = 1 << 18

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OLE_SEEN = 32 << 20

Handlers = tuple[
    Callable[[str, dict[str, str]], None], Callable[[str], None], Callable[[str], None]
]


def damaged(name: str, what: str) -> ExportUnreadable:
    """The refusal of a workbook that breaks its own form."""
    return ExportUnreadable(
        f"{name}: is a damaged workbook ({what}); open it in Excel, save it again as .xlsx, and export that"
    )


def open_archive(path: Path) -> zipfile.ZipFile:
    """The zip of a workbook; raises ExportUnreadable for what is none, or unpacks beyond measure."""
    with path.open("rb") as file:
        head = file.read(512)
        if head.startswith(_OLE):
            raise ExportUnreadable(f"{path.name}: {_about_ole(head + file.read(_OLE_SEEN))}")
    if not head.startswith(b"PK"):
        raise ExportUnreadable(f"{path.name}: {_about_other(head)}")
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise damaged(path.name, "its zip cannot be opened") from None
    _check_sizes(path.name, archive)
    return archive


def _about_ole(content: bytes) -> str:
    if _ENCRYPTED in content:
        return (
            "is protected by a password; open it in Excel, remove the password (File, Info, Protect Workbook, "
            "Encrypt with Password), and save it again"
        )
    return "is a workbook of the old form (.xls); open it in Excel and save it as .xlsx"


def _about_other(head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head:
        return "the file is empty; export again"
    if start.startswith(b"<"):
        return "is a web page or XML that is only named like a workbook; open it in Excel and save it as .xlsx"
    if b"\0" in head:
        return "is no workbook; export again as .xlsx"
    return 'is plain text that is only named like a workbook; set reader = "csv" in source.toml'


def _check_sizes(name: str, archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    unpacked, packed = (sum(getattr(m, k) for m in members) for k in ("file_size", "compress_size"))
    steep = any(
        m.file_size > RATIO_FROM_BYTES and m.file_size > MAX_RATIO * max(m.compress_size, 1)
        for m in members
    )
    if unpacked > MAX_UNPACKED_BYTES or steep:
        archive.close()
        raise ExportUnreadable(
            f"{name}: unpacks from {packed >> 10} kB to {unpacked >> 20} MB, which no export does; export again, or "
            "in several files"
        )


def read_tree(name: str, archive: zipfile.ZipFile, part: str) -> Element:
    """A small part as a tree."""
    try:
        if archive.getinfo(part).file_size > MAX_PART_BYTES:
            raise damaged(name, f"{part} is larger than {MAX_PART_BYTES >> 20} MB")
        tree: Element = fromstring(archive.read(part), forbid_dtd=True)
    except DefusedXmlException:
        raise _with_entities(name, part) from None
    except (KeyError, ParseError, *BROKEN_ZIP):
        raise damaged(name, f"{part} cannot be read") from None
    return tree


def _with_entities(name: str, part: str) -> ExportUnreadable:
    return ExportUnreadable(
        f"{name}: {part} declares a document type, which can hide entities that refer to other files or grow without "
        "end and which no workbook needs; export again"
    )


# What unpacking a damaged, encrypted or exotically packed member raises.
BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


def read_pieces(name: str, archive: zipfile.ZipFile, part: str) -> Generator[bytes]:
    """The bytes of a part, unpacked as they are asked for."""
    try:
        with archive.open(part) as file:
            while piece := file.read(READ_BYTES):
                yield piece
    except (KeyError, *BROKEN_ZIP):
        raise damaged(name, f"{part} is not in it, or is locked, cut off or broken") from None


class PartParser:
    """A large part, piece by piece: `feed` calls the handlers (element begins, ends, text) for what has come."""

    def __init__(self, name: str, archive: zipfile.ZipFile, part: str, handlers: Handlers) -> None:
        self._name, self._part = name, part
        self._pieces = read_pieces(name, archive, part)
        self._n_fed = 0
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler, parser.EndElementHandler = handlers[0], handlers[1]
        parser.CharacterDataHandler = handlers[2]

    def _refuse_doctype(self, *_: object) -> NoReturn:
        raise _with_entities(self._name, self._part)

    def feed(self) -> bool:
        """Parse the next piece; False at the end."""
        piece = next(self._pieces, b"")
        try:
            self._parser.Parse(piece, not piece)
        except expat.ExpatError:
            raise damaged(self._name, f"{self._part} is cut off or broken") from None
        self._n_fed += len(piece)
        if self._n_fed - self._parser.CurrentByteIndex > MAX_TOKEN_BYTES:
            raise damaged(
                self._name, f"{self._part} holds one piece of over {MAX_TOKEN_BYTES >> 20} MB"
            )
        return bool(piece)

    def close(self) -> None:
        """Let go of the part, wherever it was left."""
        self._pieces.close()
