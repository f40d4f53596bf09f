"""A FHIR export as single elements, one after the other, in bounded memory.

NDJSON comes line by line; a Bundle, an array or one bare resource comes value by value from a window over the text,
so that a Bundle of any size needs no more memory than its largest entry. Figures stay the text they are written as.
"""

import codecs
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn, TextIO

from flows.readers.jsonl import MAX_OBJECT_BYTES, read_lines
from schemas.errors import ExportUnreadable

READ_CHARS = 1 << 20
_NEAR_END = 16  # characters in which a number, a word or an escape may be cut off
_LINES_SEEN = 4
NOT_JSON = object()  # stands for a line that holds no JSON


@dataclass(frozen=True)
class Element:
    """One element of an export. `line` is the physical line of NDJSON, the element's number (from 1) otherwise."""

    line: int
    content: Any
    is_entry: bool = False  # of a Bundle: the resource and what the server was asked to do with it


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse_constant)


def find_form(path: Path) -> str:
    """`ndjson`, `array` or `document`; raises ExportUnreadable for what is no JSON."""
    with path.open("rb") as file:
        lines = (line.strip() for line in iter(lambda: file.readline(MAX_OBJECT_BYTES + 1), b""))
        first = list(islice(filter(None, lines), 1))
        if not first:
            raise ExportUnreadable(f"{path.name}: the file is empty; export again")
        _check_start(path.name, first[0])
        first[0] = first[0].removeprefix(codecs.BOM_UTF8)
        if first[0][:1] == b"[":
            return "array"
        if len(first[0]) > MAX_OBJECT_BYTES:
            return "document"
        head = [*first, *islice(filter(None, lines), _LINES_SEEN - 1)]
    is_lines = len(head) > 1 and any(isinstance(parse(line), dict) for line in head)
    return "ndjson" if is_lines else "document"


def _check_start(name: str, first: bytes) -> None:
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ExportUnreadable(f"{name}: JSON must be UTF-8; export again as UTF-8")
    start = first.removeprefix(codecs.BOM_UTF8)[:1]
    if start == b"<":
        raise ExportUnreadable(f"{name}: is XML; export FHIR as JSON")
    if start not in (b"{", b"["):
        raise ExportUnreadable(f"{name}: is no FHIR in JSON; export again as JSON or NDJSON")


def parse(text: str | bytes) -> Any:
    """One JSON value, or NOT_JSON; brackets nested without end are no JSON either."""
    try:
        return _DECODER.decode(text if isinstance(text, str) else text.decode("utf-8"))
    except (ValueError, RecursionError):
        return NOT_JSON


def read_elements(path: Path, form: str) -> Iterator[Element | int]:
    """The elements of a file in order; a number stands for so many empty lines."""
    if form == "ndjson":
        for lines, n_blank in read_lines(path):
            yield n_blank
            for line, text in lines.select("line", "json").iter_rows():
                yield Element(line, parse(text))
        return
    with path.open("r", encoding="utf-8-sig", newline="") as file:
        window = _Window(path.name, file)
        try:
            yield from _elements(window) if form == "array" else _document(window)
            if window.peek():
                window.fail("ends before the file does: text follows it")
        except UnicodeDecodeError:
            raise ExportUnreadable(
                f"{path.name}: holds bytes that are not UTF-8 near element {window.n_elements}; export again"
            ) from None


def _document(window: "_Window") -> Iterator[Element]:
    """The entries of a Bundle, or the one resource that the file is."""
    content: dict[str, Any] = {}
    has_entries = False
    window.take("{")
    while window.peek() != "}":
        if content or has_entries:
            window.take(",")
        key = window.value()
        window.take(":")
        if (
            key == "entry"
            and window.peek() == "["
            and content.get("resourceType", "Bundle") == "Bundle"
        ):
            yield from _elements(window, is_entry=True)
            has_entries = True
        else:
            content[str(key)] = window.value()
        if window.n_taken + window.at > MAX_OBJECT_BYTES and not has_entries:
            window.fail(f"holds one resource of more than {MAX_OBJECT_BYTES >> 20} MB")
    window.take("}")
    is_bundle = content.get("resourceType") == "Bundle"
    if has_entries and not is_bundle:
        window.fail('has entries, yet its resourceType is not "Bundle"')
    if not is_bundle:
        yield Element(1, content)


def _elements(window: "_Window", is_entry: bool = False) -> Iterator[Element]:
    """The members of an array; numbers run on where a document has several."""
    window.take("[")
    is_first = True
    while window.peek() != "]":
        if not is_first:
            window.take(",")
        is_first = False
        window.n_elements += 1
        yield Element(window.n_elements, window.value(), is_entry)
    window.take("]")


class _Window:
    """A stretch of the text that moves on; it grows only as far as one value needs it to."""

    def __init__(self, name: str, file: TextIO) -> None:
        self.name, self.file = name, file
        self.text, self.at, self.is_ended = "", 0, False
        self.n_taken = 0  # characters behind
        self.n_elements = 0

    def fail(self, what: str) -> NoReturn:
        """Refuse the file."""
        where = f" (near element {self.n_elements})" if self.n_elements else ""
        raise ExportUnreadable(f"{self.name}: {what}{where}; export again")

    def peek(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            rest = len(self.text)
            while self.at < rest and self.text[self.at] in " \t\r\n":
                self.at += 1
            if self.at < rest:
                return self.text[self.at]
            if self.is_ended:
                return ""
            self._read_on()

    def take(self, mark: str) -> None:
        """Step over a mark that must stand here."""
        if self.peek() != mark:
            self.fail("is not one whole JSON document (cut off, or damaged)")
        self.at += 1

    def value(self) -> Any:
        """The next value, parsed."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self.text, self.at)
            except json.JSONDecodeError as error:
                is_cut = error.msg.startswith("Unterminated") or (
                    error.pos >= len(self.text) - _NEAR_END
                )
                if self.is_ended or not is_cut:
                    self.fail("is not one whole JSON document (cut off, or damaged)")
            except (ValueError, RecursionError):
                self.fail("holds NaN, or brackets nested without end, which no FHIR resource does")
            else:
                if end < len(self.text) or self.is_ended:
                    self.at = end
                    return value
            self._read_on()

    def _read_on(self) -> None:
        held = len(self.text) - self.at
        if held > MAX_OBJECT_BYTES:
            self.fail(f"holds a value of more than {MAX_OBJECT_BYTES >> 20} MB")
        more = self.file.read(
            max(READ_CHARS, held)
        )  # doubling: a long value is not parsed over and over
        self.n_taken += self.at
        self.text, self.at = self.text[self.at :] + more, 0
        self.is_ended = not more
