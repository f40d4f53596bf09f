"""Every failure leaves as a UserError without a patient's value, the machine's apart from bugs."""

import errno
import shutil
import traceback

import duckdb
import polars as pl
import pytest

from flows.steps import failures, parse
from flows.steps.failures import check_room, is_machine_failure, plain_failures, to_user_error
from schemas.errors import ExitCode, SourceWrong, UserError

CANARY = "KANARIENVOGEL"


def test_a_users_failure_passes_as_it_is(tmp_path):
    wrong = SourceWrong("source.toml, line 1, key clinic: this key is needed")
    with pytest.raises(SourceWrong) as caught, plain_failures(tmp_path):
        raise wrong
    assert caught.value is wrong


def test_a_bug_tells_type_and_places_but_no_value_even_in_a_traceback(tmp_path):
    with pytest.raises(UserError) as caught, plain_failures(tmp_path):
        parse.to_text(pl.Series(["a"]), (CANARY, 5))  # type: ignore[arg-type]
    assert caught.value.exit_code is ExitCode.BUG
    assert "bug: TypeError at flows/steps/failures.py" in caught.value.message
    assert "flows/steps/parse.py" in caught.value.message
    with pytest.raises(UserError) as hidden, plain_failures(tmp_path):
        raise ValueError(CANARY)
    assert CANARY not in "".join(traceback.format_exception(hidden.value))


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EFBIG, "File too large"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        duckdb.IOException("IO Error: Could not write file: No space left on device"),
        duckdb.TransactionException("Failed to commit: No space left on device"),
        pl.exceptions.ComputeError("No space left on device (os error 28)"),
        FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['work']"),
    ],
    ids=str,
)
def test_a_full_disk_is_the_machines_whoever_says_so(error, tmp_path):
    told = to_user_error(error, tmp_path)
    assert is_machine_failure(error)
    assert told.exit_code is ExitCode.MACHINE
    assert told.message.startswith(f"no space left to write to {tmp_path}")
    assert "Free some space, then run again" in told.message


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(errno.EACCES, "x", "here"), "here: Permission denied"),
        (MemoryError(), "not enough memory"),
        (duckdb.OutOfMemoryException("Out of Memory Error"), "not enough memory"),
        (duckdb.IOException("IO Error: Could not read"), "Check disk and permissions"),
        (OSError("an error without a number"), "Check disk and permissions"),
    ],
)
def test_other_refusals_of_the_machine_say_what_to_do(error, words, tmp_path):
    told = to_user_error(error, tmp_path)
    assert told.exit_code is ExitCode.MACHINE
    assert words in told.message
    assert "readers still have the last whole release" in told.message


def test_whatever_fails_on_a_full_disk_is_the_machines(tmp_path, monkeypatch):
    assert to_user_error(RuntimeError("server did not start"), tmp_path).exit_code is ExitCode.BUG
    check_room(tmp_path / "not made yet")
    full = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(failures.shutil, "disk_usage", lambda _: full)
    told = to_user_error(RuntimeError("server did not start"), tmp_path / "not made yet")
    assert told.exit_code is ExitCode.MACHINE
    with pytest.raises(UserError, match="no space left"):
        check_room(tmp_path)
