"""The run lock: one writer, and a dead one holds nothing."""

import subprocess
import sys

import pytest

from flows.steps.lock import writer_lock
from schemas.errors import ExitCode, UserError

HOLD = """
import sys, time
from pathlib import Path
from flows.steps.lock import writer_lock
with writer_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_who_comes_second_is_refused_and_may_come_again(tmp_path):
    with (
        writer_lock(tmp_path),
        pytest.raises(UserError, match="another run") as caught,
        writer_lock(tmp_path),
    ):
        raise AssertionError("two writers at once")
    assert caught.value.exit_code is ExitCode.LOCKED
    with writer_lock(tmp_path):
        pass


def test_a_failed_run_frees_the_lock(tmp_path):
    with pytest.raises(ZeroDivisionError), writer_lock(tmp_path):
        raise ZeroDivisionError
    with writer_lock(tmp_path):
        pass


def test_a_killed_run_frees_the_lock_at_once(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(UserError), writer_lock(tmp_path):
            raise AssertionError("two writers at once")
        holder.kill()
    with writer_lock(tmp_path):
        pass
