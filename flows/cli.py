"""The command line. Imports are late: a short command must not wait for Prefect."""

import json
import os
import sys
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from schemas.errors import ExitCode, UserError, worst

if TYPE_CHECKING:
    from flows.steps.intake import Intake
    from flows.steps.pipeline import Built

app = App(
    name="followthrough",
    help="From a pain clinic's exports to adherence and outcome marts that can be believed.",
    version=lambda: version("followthrough"),
)
Data = Annotated[
    Path,
    Parameter(
        name="--data", env_var="FOLLOWTHROUGH_DATA", help="folder that holds raw/ and warehouse/"
    ),
]
AsOf = Annotated[
    date | None, Parameter(name="--as-of", help="as-of date for every clinic, YYYY-MM-DD")
]
Json = Annotated[bool, Parameter(name="--json", negative="", help="print JSON for machines")]
DEFAULT_DATA = Path("data")


@app.command
def run(*, data: Data = DEFAULT_DATA, as_of: AsOf = None, json: Json = False) -> int:
    """Ingest, build, check and publish, once. Refused rows do not fail the run."""

    def work() -> "tuple[Intake, Built]":
        from flows.nightly import nightly

        return nightly(data, as_of)

    _check_there_are_exports(data)
    return _finish(data, json, work)


@app.command
def ingest(*, data: Data = DEFAULT_DATA, json: Json = False) -> int:
    """Take in new exports only."""
    from flows.steps.lock import writer_lock

    def work() -> "tuple[Intake, None]":
        with writer_lock(data / "warehouse"):
            from flows.ingest import ingest as flow

            return flow(data), None

    _check_there_are_exports(data)
    return _finish(data, json, work)


@app.command
def build(*, data: Data = DEFAULT_DATA, as_of: AsOf = None, json: Json = False) -> int:
    """Build and publish from what is already taken in."""
    from flows.steps.lock import writer_lock

    def work() -> "tuple[None, Built]":
        with writer_lock(data / "warehouse"):
            from flows.build import build as flow

            return None, flow(data, as_of)

    return _finish(data, json, work)


def _check_there_are_exports(data: Path) -> None:
    """A mistyped --data is told at once, and leaves no folder behind."""
    if not (data / "raw").is_dir():
        raise UserError(
            f"no exports found: there is no folder {data / 'raw'}; name the folder that holds raw/ with --data",
            ExitCode.NO_EXPORTS,
        )


def _finish(
    data: Path, as_json: bool, work: Callable[[], tuple["Intake | None", "Built | None"]]
) -> int:
    """Run a flow, say what it did, and leave with the first exit code that applies."""
    from flows.steps.failures import check_room, plain_failures
    from flows.steps.ledger import read_ledger
    from flows.steps.lock import writer_lock
    from flows.steps.report import describe_run

    failure: UserError | None = None
    plan, built = None, None
    try:
        with plain_failures(data / "warehouse"):
            with writer_lock(data / "warehouse"):
                pass  # who comes second is told now, not after the orchestrator has started
            check_room(data / "warehouse")
            _prepare_prefect(data)
            plan, built = work()
    except UserError as error:
        if error.exit_code == ExitCode.LOCKED:
            raise
        failure = error
    told = describe_run(plan, built.release_id if built else None, data, _today())
    if failure is not None:
        told["problems"].append(failure.message)
    _say(told, as_json, _run_lines(told))
    codes = read_ledger(data / "warehouse").exit_codes
    return worst([*codes, failure.exit_code] if failure else codes)


def _prepare_prefect(data: Path) -> None:
    """Keep Prefect's state beside the warehouse, and its network chatter off."""
    home = (data / "warehouse" / ".prefect").resolve()
    home.mkdir(parents=True, exist_ok=True)
    # Prefect would print each failure once per task and flow, with its traceback; this command tells it once.
    log_level = os.environ.get("FOLLOWTHROUGH_LOG_LEVEL", "CRITICAL")
    for name, value in {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_LEVEL": log_level,
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    }.items():
        os.environ.setdefault(name, value)


def _run_lines(told: dict[str, Any]) -> list[str]:
    from flows.steps.report import care_lines

    rows = told["rows"]
    lines = [f"files: {told['files_new']} new, {told['files_in_force']} in force"]
    lines += [f"waiting (still growing): {name}" for name in told["files_waiting"]]
    if rows:
        parts = " + ".join(
            f"{rows[name]} {name}" for name in ("accepted", "refused", "superseded", "ignored")
        )
        lines.append(f"rows read: {rows['read']} = {parts}")
    lines.append(
        f"release: {told['release']} ({'new' if told['is_new_release'] else 'unchanged'}), as of {told['as_of_date']}"
    )
    lines += [f"problem: {message}" for message in told["problems"]] + care_lines(told)
    return [*lines, f"analysts:   {told['analyst']}", f"dashboards: {told['dashboard']}"]


@app.command
def status(*, data: Data = DEFAULT_DATA, json: Json = False) -> int:
    """Last release, freshness and silence per source, rows to fix; exit 0 if healthy, else 1."""
    from flows.steps.report import care_lines, describe_status

    told = describe_status(data, _today())
    lines = [
        f"release: {told['release'] or 'none yet'}, published {told['published_at']}, as of {told['as_of_date']}",
        *(f"newest export of {source}: {day}" for source, day in told["newest_export"].items()),
        *(f"problem: {message}" for message in told["problems"]),
        *care_lines(told),
        "healthy" if told["is_healthy"] else "not healthy",
    ]
    _say(told, json, lines)
    return ExitCode.OK if told["is_healthy"] else ExitCode.UNHEALTHY


@app.command
def fixlist(
    *,
    data: Data = DEFAULT_DATA,
    clinic: Annotated[str | None, Parameter(help="only this clinic")] = None,
    csv: Annotated[Path | None, Parameter(help="write the rows to this CSV file")] = None,
    xlsx: Annotated[Path | None, Parameter(help="write the rows to this Excel file")] = None,
    json: Json = False,
) -> int:
    """Open problems of the last build: what, where, why, what to change; values only in --csv and --xlsx."""
    from flows.steps.fixlist import read_fixlist, to_json, to_lines

    told = read_fixlist(data, _today(), clinic)
    if csv or xlsx:
        from flows.steps.fixlist_files import write_csv, write_xlsx

        written = [(csv, write_csv), (xlsx, write_xlsx)]
        lines = [
            f"{path}: {write(told, data, path)} open problems" for path, write in written if path
        ]
        _say(
            to_json(told),
            json,
            [*lines, "These files hold patients' values: keep them in the clinic."],
        )
    elif sys.stdout.isatty() and not json:
        from flows.steps.fixlist_table import print_fixlist

        print_fixlist(told)
    else:
        _say(to_json(told) if json else None, json, [] if json else to_lines(told))
    return ExitCode.OK


@app.command
def waive(
    problem: str | None = None,
    *,
    reason: str | None = None,
    owner: str | None = None,
    until: date | None = None,
    scope: Annotated[str, Parameter(help="problem, rule (in its source) or source")] = "problem",
    list_all: Annotated[
        bool, Parameter(name="--list", negative="", help="list the waivers")
    ] = False,
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> int:
    """Answer for a known problem until a day: it is counted and shown apart; no figure changes."""
    from flows.steps.fixlist import read_fixlist, waiver_lines
    from flows.steps.waivers import add_waiver, new_waiver

    known = read_fixlist(data, _today())
    if not list_all:
        if problem is None or reason is None or owner is None or until is None:
            raise UserError(
                "waive needs the id of a problem, --reason, --owner and --until; or --list",
                ExitCode.USAGE,
            )
        add_waiver(data, new_waiver(known.problems, problem, scope, reason, owner, until, _today()))
        known = read_fixlist(data, _today())
    told = known.waivers if list_all else known.waivers[-1:]
    _say(told, json, waiver_lines(told) or ["no waivers"])
    return ExitCode.OK


def _today() -> date:
    from datetime import UTC, datetime

    return datetime.now(UTC).date()


@app.command
def releases(*, data: Data = DEFAULT_DATA, json: Json = False) -> int:
    """List the releases, oldest first."""
    from flows.steps.report import describe_releases

    told = describe_releases(data)
    lines = [
        f"{'*' if r['is_current'] else ' '} {r['release_id']}  as of {r['as_of_date']}{'  pinned' if r['is_pinned'] else ''}"
        for r in told
    ]
    _say(told, json, lines or ["no release yet"])
    return ExitCode.OK


@app.command
def rollback(release: str, *, data: Data = DEFAULT_DATA, json: Json = False) -> int:
    """Put an older release back in force."""
    from flows.steps import publish
    from flows.steps.lock import writer_lock

    with writer_lock(data / "warehouse"):
        now = publish.rollback(data / "warehouse", release)
    _say(vars(now), json, [f"in force: {now.release_id}, as of {now.as_of_date}"])
    return ExitCode.OK


@app.command
def inspect(
    path: Path,
    *,
    write: Annotated[
        bool, Parameter(negative="", help="save the drafts where no source.toml stands yet")
    ] = False,
    json: Json = False,
) -> int:
    """Say how an export, or each kind of export below a folder, would be read; draft a source.toml for each."""
    from flows.steps.inspect_file import inspect_file

    told = inspect_file(path, write)
    _say(told, json, told["lines"])
    return ExitCode.OK


@app.command
def score(path: Path, *, data: Data = DEFAULT_DATA) -> int:
    """Score the questionnaires of a JSON file; prints a JSON list."""
    from flows.steps.score import read_requests, score_requests

    print(_json(score_requests(read_requests(path), data)))
    return ExitCode.OK


def _say(told: Any, as_json: bool, lines: list[str]) -> None:
    print(_json(told) if as_json else "\n".join(lines))


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1, default=str)


def main() -> None:
    """Entry point: every failure is told in one line, without a traceback, and has its exit code."""
    try:
        code = app(result_action="return_value")
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads our output has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.OK
    except Exception as error:
        from flows.steps.failures import to_user_error

        told = to_user_error(error)
        print(told.message, file=sys.stderr)
        code = told.exit_code
    sys.exit(code if isinstance(code, int) else 0)
