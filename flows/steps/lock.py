"""One writer at a time: an operating-system lock, which a killed process cannot leave behind."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import ExitCode, UserError


@contextmanager
def writer_lock(warehouse: Path) -> Iterator[None]:
    """Hold the warehouse for writing; raises UserError (exit 15) if another run holds it."""
    warehouse.mkdir(parents=True, exist_ok=True)
    handle = os.open(warehouse / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(
                f"another run is writing to {warehouse}; wait for it, or try again later",
                ExitCode.LOCKED,
            ) from error
        yield
    finally:
        os.close(handle)
