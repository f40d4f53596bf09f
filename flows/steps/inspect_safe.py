"""What may be opened for a first look, and how much of it: plain files only, and of a long one its beginning.

A pipe never ends, and a file of five gigabytes is no reason to wait: an inspection reads a bounded beginning, says so, and
leaves judging the whole to the run.
"""

import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.readers.layout import BYTE_ORDER_MARKS
from flows.readers.table import WORK_FOLDER
from schemas.errors import ExportUnreadable

LOOK_BYTES = 16 << 20  # some 200,000 rows of a session log
_KINDS = {
    stat.S_ISFIFO: "a named pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
    stat.S_ISDIR: "a folder",
}


def check_plain(path: Path, within: Path | None = None) -> None:
    """Raise ExportUnreadable for what is no plain file, or, in a folder, for a link out of it."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        told = "is a link that leads nowhere" if path.is_symlink() else "no such file or folder"
        raise ExportUnreadable(f"{path}: {told}; check the path") from error
    for is_kind, what in _KINDS.items():
        if is_kind(mode):
            raise ExportUnreadable(f"{path}: is {what}, not a file; give an export file")
    if within is not None and path.is_symlink():
        if not path.resolve().is_relative_to(within.resolve()):
            raise ExportUnreadable(
                f"{path}: is a link to a file outside its folder; put the file itself there"
            )


@contextmanager
def beginning_of(path: Path) -> Iterator[tuple[Path, str | None]]:
    """A file of lines, or, where it is long, a copy of its first whole lines, with what is to be told of that."""
    n_bytes = path.stat().st_size
    if n_bytes <= LOOK_BYTES:
        yield path, None
        return
    with tempfile.TemporaryDirectory(prefix="followthrough-", dir=WORK_FOLDER.get()) as folder:
        copy = Path(folder, path.name)
        copy.write_bytes(_first_lines(path))
        told = f"the first {copy.stat().st_size >> 20} MB of {n_bytes >> 20} MB; what follows was not looked at"
        yield copy, told


def _first_lines(path: Path) -> bytes:
    """The beginning as far as a line ends outside quotes; its byte order mark tells how wide a character is."""
    with path.open("rb") as file:
        content = file.read(LOOK_BYTES)
    marks = BYTE_ORDER_MARKS.items()
    wide = next(
        (name for mark, name in marks if content.startswith(mark) and name != "utf-8"), None
    )
    if wide:
        content = content.decode(wide, errors="ignore").encode()
    kept = content[: _end_of_lines(path.name, content)]
    return kept.decode().encode(wide) if wide else kept


def _end_of_lines(name: str, content: bytes) -> int:
    """Behind the last line end before which all quotes are closed; behind the last of all if there is none such."""
    end = b"\n" if b"\n" in content else b"\r"
    last = content.rfind(end)
    if len(content) - last > LOOK_BYTES // 2:
        raise ExportUnreadable(
            f"{name}: holds a line longer than {LOOK_BYTES >> 21} MB, so its line ends are broken; export again"
        )
    n_quotes, at = content.count(b'"', 0, last), last
    while at > 0 and n_quotes % 2:
        before = content.rfind(end, 0, at)
        n_quotes -= content.count(b'"', max(before, 0), at)
        at = before
    return (at if at > 0 else last) + 1
