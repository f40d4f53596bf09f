"""Which encoding a text export has: declared and not contradicted by its bytes, or told by them."""

import codecs
from pathlib import Path

import numpy as np

from flows.readers.layout import Layout, line_at, mapped
from schemas.errors import ExportUnreadable
from schemas.source import Dialect

AS_UTF8 = ("ascii", "utf-8")
_WIDE = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")


def settle_encoding(path: Path, dialect: Dialect, layout: Layout) -> tuple[str, str]:
    """Encoding and why; raises ExportUnreadable where there is no evidence, or two that disagree."""
    name = path.name
    declared = _canonical(dialect.encoding, name) if dialect.encoding else None
    encoding = declared or layout.encoding
    if layout.nul_at >= 0 and encoding not in _WIDE:
        raise ExportUnreadable(_nul_message(path, layout))
    if encoding is None:
        raise ExportUnreadable(
            f"{name}: {layout.why_encoding}, and which encoding they have cannot be told from the bytes; "
            'declare it under [dialect], for example encoding = "cp1252"'
        )
    if declared is None:
        return encoding, layout.why_encoding
    if contradiction := _contradiction(declared, layout):
        raise ExportUnreadable(
            f"{name}: declared as {declared}, but {contradiction}; correct encoding under [dialect]"
        )
    return (layout.encoding or declared) if _reads_as_utf8(
        declared, layout
    ) else declared, "declared"


def _canonical(declared: str, name: str) -> str:
    try:
        "".encode(declared)  # refuses what is no text encoding, such as base64
        canonical = codecs.lookup(declared).name
    except LookupError as error:
        raise ExportUnreadable(
            f"{name}: encoding '{declared}' under [dialect] is not known"
        ) from error
    return "utf-8" if canonical == "utf-8-sig" else canonical


def _contradiction(declared: str, layout: Layout) -> str | None:
    """What the bytes say against the declared encoding."""
    family = declared.removesuffix("-le").removesuffix("-be")
    if layout.why_encoding == "byte order mark" and family != layout.encoding:
        return f"a byte order mark says {layout.encoding}"
    if declared == "utf-8" and layout.encoding is None:
        return layout.why_encoding
    if layout.encoding == "utf-8" and _is_one_byte(declared):
        return (
            "its bytes are valid UTF-8 beyond ASCII, which no text in another encoding is by chance"
        )
    return None


def _is_one_byte(encoding: str) -> bool:
    """Whether each byte is a letter of its own, so that any bytes at all can be read."""
    return all(len(byte.decode(encoding, errors="ignore")) == 1 for byte in (b"\xc3", b"\xe9"))


def _reads_as_utf8(declared: str, layout: Layout) -> bool:
    """Whether the bytes can stay as they are."""
    if layout.encoding not in AS_UTF8:
        return False
    ascii_bytes = bytes(range(128))
    reads_ascii = ascii_bytes.decode(declared, errors="replace") == ascii_bytes.decode("ascii")
    return declared == "utf-8" or (layout.encoding == "ascii" and reads_ascii)


def _nul_message(path: Path, layout: Layout) -> str:
    head = np.frombuffer(mapped(path), np.uint8)[: 1 << 16]
    share_even, share_odd = (
        float((head[start::2] == 0).mean()) if head.size > start else 0.0 for start in (0, 1)
    )
    if max(share_even, share_odd) > 0.3 and layout.n_bytes % 2 == 0:
        likely = "utf-16-le" if share_odd > share_even else "utf-16-be"
        return f'{path.name}: looks like UTF-16 without a byte order mark; declare encoding = "{likely}" under [dialect]'
    line = line_at(path, layout.nul_at)
    return f"{path.name}: line {line} holds a NUL byte, so this is no text file, or a damaged one; export again as CSV"


def to_utf8(path: Path, encoding: str, folder: Path) -> Path:
    """A UTF-8 copy without a byte order mark; line breaks stay as they are."""
    copy, is_first = folder / path.name, True  # messages name the export
    try:
        with (
            path.open("r", encoding=encoding, newline="") as source,
            copy.open("w", encoding="utf-8", newline="") as target,
        ):
            while text := source.read(1 << 22):
                target.write(text.removeprefix("\ufeff") if is_first else text)
                is_first = False
    except UnicodeError as error:
        raise ExportUnreadable(
            f"{path.name}: not valid {encoding}; correct encoding under [dialect]"
        ) from error
    return copy
