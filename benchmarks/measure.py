"""One command as a process of its own: wall time, processor time, peak memory."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Cost:
    """What one process (with the children that it waited for) used."""

    wall: float  # seconds
    cpu: float  # seconds, user + system
    peak: float  # megabytes resident


def measure(module: str, *arguments: str) -> Cost:
    """Run `python -m module arguments` to its end; its output is shown only if it fails.

    The caller must stay small: Linux counts the parent's memory at the moment of the start as the
    child's. That is why `bench.py` and this module import the standard library only.
    """
    command = [sys.executable, "-m", module, *arguments]
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} left with {process.returncode}:\n{output.decode()}")
    # ru_maxrss is in kilobytes on Linux and in bytes on a Mac.
    unit = 1024 if sys.platform == "linux" else 1024 * 1024
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit)


def spread(values: list[float], digits: int = 2) -> str:
    """`median (least-most)`; the bare value when there is only one."""
    shown = f"{median(values):.{digits}f}"
    if len(values) == 1:
        return shown
    return f"{shown} ({min(values):.{digits}f}-{max(values):.{digits}f})"
