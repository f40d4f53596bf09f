"""Failures that a user can cause and mend, each with an exit code that is never reused.

A message says where, what was expected and what to do next; it never holds a patient's value.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command leaves with. Numbers are a contract (README); obsolete ones stay as comments."""

    OK = 0
    UNHEALTHY = 1
    USAGE = 2
    NO_EXPORTS = 10
    SOURCE_WRONG = 11
    EXPORT_UNREADABLE = 12
    REFUSED_ABOVE_CEILING = 13
    GATE_REFUSED = 14
    LOCKED = 15
    UNKNOWN_NAME = 16
    BUG = 70
    MACHINE = 74  # disk full, no permission: neither the data's fault nor ours


# A run finishes what it can, then leaves with the first of these that happened.
WORST_FIRST = (
    ExitCode.BUG,
    ExitCode.MACHINE,
    ExitCode.LOCKED,
    ExitCode.GATE_REFUSED,
    ExitCode.SOURCE_WRONG,
    ExitCode.EXPORT_UNREADABLE,
    ExitCode.REFUSED_ABOVE_CEILING,
    ExitCode.NO_EXPORTS,
    ExitCode.OK,
)


class UserError(Exception):
    """A failure shown without a traceback; the process leaves with `exit_code`."""

    def __init__(self, message: str, exit_code: ExitCode) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code

    def __reduce__(self) -> tuple[type["UserError"], tuple[str, ExitCode]]:
        return type(self), (self.message, self.exit_code)


class SourceWrong(UserError):
    """A `source.toml` (or vocabulary, policy, questionnaire file) that cannot be used."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ExitCode.SOURCE_WRONG)

    def __reduce__(self) -> tuple[type["UserError"], tuple[str]]:  # type: ignore[override]
        return type(self), (self.message,)


class ExportUnreadable(UserError):
    """An export file that cannot be read, or that could be read in two ways."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ExitCode.EXPORT_UNREADABLE)

    def __reduce__(self) -> tuple[type["UserError"], tuple[str]]:  # type: ignore[override]
        return type(self), (self.message,)


def worst(codes: "list[ExitCode]") -> ExitCode:
    """The code with which a run that met all of these leaves."""
    return next((code for code in WORST_FIRST if code in codes), ExitCode.OK)
