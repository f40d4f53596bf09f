"""What a canonical table needs beyond the mapped columns: weeks from months, starts from ends, local days.

Row-local like all of canonicalise: derived from the same row, the source's zone and the policy.
"""

from collections.abc import Callable

import polars as pl

from flows.steps import times
from flows.steps.cells import Cells, constant


def _place(cells: Cells, name: str) -> times.Located | None:
    """Place a written instant in its zone and keep its UTC value."""
    if name not in cells.written:
        return None
    located = times.locate(cells.written[name], cells.zone())
    if located.in_gap is not None:
        cells.fail(name, "time_in_gap", located.in_gap)
    cells.keep(name, located.utc)
    return located


def _keep_day(cells: Cells, located: times.Located, origin: str) -> None:
    """Local day, offset, zone and what the zone rests on: the row, the source, or (the instant) an offset."""
    cells.keep("local_date", located.local_date)
    cells.keep("utc_offset_min", located.offset_min)
    default = cells.mapping.timezone or "UTC"
    own = cells.typed.get("tz", pl.repeat(None, cells.text.height, dtype=pl.String, eager=True))
    written = cells.written[origin].form == times.UTC
    source = constant(cells, "source").set(written, "offset").set(own.is_not_null(), "row")
    cells.keep("tz_source", source)
    cells.keep("tz", own.fill_null(default))


def _derive_enrolment(cells: Cells) -> None:
    typed = cells.typed
    per_month = cells.context.policy.number("duration.days_per_month")
    if "duration_days" in typed:
        days = typed.pop("duration_days")
        weeks = (days / 7 + 0.5).floor().clip(lower_bound=1)
        _keep_weeks(cells, weeks.set(days.is_between(28, 31).fill_null(False), 4), "days")
    if "duration_months" in typed:
        _keep_weeks(cells, (typed.pop("duration_months") * per_month / 7 + 0.5).floor(), "months")
    if "duration_weeks" in typed and "duration_source" not in typed:
        cells.keep("duration_source", constant(cells, "weeks"))
    if "sessions_per_day" in typed:
        cells.keep("sessions_per_week", typed.pop("sessions_per_day") * 7)
        cells.keep("freq_basis", constant(cells, "per_day"))
    elif "sessions_per_week" in typed:
        cells.keep("freq_basis", constant(cells, "per_week"))
    _derive_plan_type(cells)


def _derive_plan_type(cells: Cells) -> None:
    weeks = cells.typed.get("duration_weeks")
    by_weeks = constant(cells, "open_ended")
    if weeks is not None:
        by_weeks = by_weeks.set(weeks.is_not_null(), "fixed_term")
    given = cells.typed.get("plan_type")  # where it is left blank, the weeks tell
    cells.keep(
        "plan_type", by_weeks if given is None else given.zip_with(given.is_not_null(), by_weeks)
    )


def _keep_weeks(cells: Cells, weeks: pl.Series, source: str) -> None:
    cells.keep("duration_weeks", weeks.cast(pl.Int32, strict=False))
    cells.keep("duration_source", constant(cells, source))


def _derive_session(cells: Cells) -> None:
    start, end = _place(cells, "started_at"), _place(cells, "ended_at")
    _place(cells, "recorded_at")
    minutes, declared_day = cells.typed.get("minutes"), cells.typed.get("local_date")
    if start is None and end is not None and minutes is not None:
        start_utc = end.utc - _duration(minutes)
        start = times.from_instants(start_utc, cells.zone())
        cells.keep("started_at", start_utc)
    elif start is not None and end is not None:
        elapsed = (end.utc - start.utc).dt.total_milliseconds() / 60000
        cells.keep(
            "minutes",
            elapsed if minutes is None else minutes.zip_with(minutes.is_not_null(), elapsed),
        )
    if start is not None:
        _keep_day(cells, start, "started_at" if "started_at" in cells.written else "ended_at")
    if declared_day is not None:
        known = cells.typed.get("local_date", declared_day)
        cells.keep("local_date", declared_day.zip_with(declared_day.is_not_null(), known))
    cells.typed.setdefault(
        "local_date", pl.repeat(None, cells.text.height, dtype=pl.Date, eager=True)
    )


def _duration(minutes: pl.Series) -> pl.Series:
    return (minutes * 60_000_000).round(0).cast(pl.Int64).cast(pl.Duration("us"))


def _derive_survey(cells: Cells) -> None:
    located = _place(cells, "completed_at")
    if located is not None:
        _keep_day(cells, located, "completed_at")


def _derive_measure(cells: Cells) -> None:
    located = _place(cells, "measured_at")
    if located is not None:
        _keep_day(cells, located, "measured_at")


def _derive_pause(cells: Cells) -> None:
    recorded = _place(cells, "recorded_at")
    if recorded is not None:  # a bare date is enough to tell whether it was recorded in time
        cells.keep(
            "recorded_at",
            recorded.utc.zip_with(
                recorded.utc.is_not_null(), recorded.local_date.cast(pl.Datetime("us"))
            ),
        )


DERIVE: dict[str, Callable[[Cells], None]] = {
    "enrolment": _derive_enrolment,
    "session": _derive_session,
    "survey": _derive_survey,
    "measure": _derive_measure,
    "pause": _derive_pause,
}
