"""What went wrong, told once and in words that hold no patient's value.

Libraries put cells into the messages of their exceptions, and an orchestrator logs and stores whatever a task
raises. So every failure leaves a step as a UserError: the user's own, the machine's (exit 74), or a bug
(exit 70) of which only the type and the places in our code are told.
"""

import errno
import os
import shutil
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from schemas.errors import ExitCode, UserError

ROOT = Path(__file__).parents[2]
AFTERWARDS = "readers still have the last whole release"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# How libraries that raise errors of their own say it: DuckDB, Arrow, Polars, SQLite, and the standard
# library, which tries to write a word to each temporary folder.
FULL_WORDS = (
    "no space left",
    "disk quota",
    "file too large",
    "database or disk is full",
    "no usable temporary directory",
)
FULL_BYTES = 64 << 10  # with less than this left nothing can be written, whatever the error says
START_BYTES = 2 << 20  # with less than this left the orchestrator's own notes do not fit


@contextmanager
def plain_failures(warehouse: Path) -> Iterator[None]:
    """Let nothing but a UserError through; `from None` also keeps the original out of every log."""
    try:
        yield
    except Exception as error:
        raise to_user_error(error, warehouse) from None


def to_user_error(error: Exception, warehouse: Path | None = None) -> UserError:
    """The failure as it may be shown; `warehouse` is where the run was writing, if it was."""
    if isinstance(error, UserError):
        return error
    if is_machine_failure(error) or _is_full(warehouse):
        return UserError(_machine_message(error, warehouse), ExitCode.MACHINE)
    what = f"bug: {type(error).__name__} at {_places(error)}"
    return UserError(f"{what}; {AFTERWARDS}, please report this line", ExitCode.BUG)


def is_machine_failure(error: BaseException) -> bool:
    """Whether disk, memory or permission stopped us rather than the data or our code."""
    kinds = (OSError, MemoryError, duckdb.IOException, duckdb.OutOfMemoryException)
    return isinstance(error, kinds) or _says_full(error)


def _says_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in FULL:
        return True
    text = str(error).lower()
    return any(words in text for words in FULL_WORDS)


def check_room(warehouse: Path) -> None:
    """Refuse to begin on a disk that is as good as full; raises UserError (exit 74)."""
    if _is_full(warehouse, START_BYTES):
        raise UserError(_full_message(warehouse), ExitCode.MACHINE)


def _is_full(folder: Path | None, n_bytes: int = FULL_BYTES) -> bool:
    if folder is None:
        return False
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(there).free < n_bytes


def _machine_message(error: Exception, warehouse: Path | None) -> str:
    where = warehouse or "the disk"
    if _says_full(error) or _is_full(warehouse):
        return _full_message(warehouse)
    if isinstance(error, MemoryError | duckdb.OutOfMemoryException):
        return f"not enough memory; {AFTERWARDS}. Close other programs, then run again"
    if isinstance(error, OSError) and error.errno:
        place = error.filename or where
        what = f"{place}: {os.strerror(error.errno)}"
        return f"the machine refused {what}; {AFTERWARDS}. Mend that, then run again"
    return f"a file below {where} could not be read or written; {AFTERWARDS}. Check disk and permissions, then run again"


def _full_message(warehouse: Path | None) -> str:
    return (
        f"no space left to write to {warehouse or 'the disk'}: the disk, its quota or a limit on the size of files "
        f"is used up; {AFTERWARDS}. Free some space, then run again"
    )


def _places(error: Exception) -> str:
    """The lines of our own code on the way to the failure, innermost last."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        f
        for f in frames
        if (ROOT / "flows") in Path(f.filename).parents
        or (ROOT / "schemas") in Path(f.filename).parents
    ]
    return (
        " > ".join(f"{Path(f.filename).relative_to(ROOT)}:{f.lineno} {f.name}" for f in ours[-4:])
        or "an unknown place"
    )
