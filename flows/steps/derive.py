"""What a canonical table needs beyond the mapped columns: weeks from months, starts from ends, local days.

Row-local like all of canonicalise: derived from the same row, the source's zone and the policy.
"""

from collections.abc import Callable
from datetime import date

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
    cells.keep("tz_source", _zone_source(cells, origin))
    zone = cells.zone()
    cells.keep("tz", constant(cells, zone) if isinstance(zone, str) else zone)


def _zone_source(cells: Cells, origin: str) -> pl.Series:
    """What the instant of a written time rests on: an offset in it, the row's zone, else the source's."""
    has_offset = cells.written[origin].form == times.UTC
    source = constant(cells, "source")
    if has_offset.any():  # a text column is copied as a whole: not for nothing
        source = source.set(has_offset, "offset")
    own = cells.typed.get("tz")
    return source if own is None else source.set(own.is_not_null(), "row")


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
    recorded = _place(cells, "recorded_at")
    minutes, declared_day = cells.typed.get("minutes"), cells.typed.get("local_date")
    _flag_fold(cells, None if start is None else start.later)
    if start is None and end is not None and minutes is not None:
        start_utc = end.utc - _duration(minutes)
        start = times.from_instants(start_utc, cells.zone())
        cells.keep("started_at", start_utc)
        _flag_fold(cells, end.later)
    elif start is not None and end is not None:
        _keep_length(cells, start, end)
    if start is not None:
        origin = "started_at" if "started_at" in cells.written else "ended_at"
        if recorded is not None:
            cells.keep("recorded_tz_source", _zone_source(cells, "recorded_at"))
            _refuse_clock_skew(cells, start, recorded, origin)
        _keep_day(cells, start, origin)  # from here on `tz` is filled, whatever it rests on
    if declared_day is not None:
        known = cells.typed.get("local_date", declared_day)
        cells.keep("local_date", declared_day.zip_with(declared_day.is_not_null(), known))
    none = pl.repeat(None, cells.text.height, dtype=pl.Date, eager=True)
    _refuse_ahead_of_export(cells, cells.typed.setdefault("local_date", none))


def _flag_fold(cells: Cells, later: pl.Series | None) -> None:
    """Say of a start that its wall clock happened twice: the earlier one was taken."""
    none = pl.repeat(None, cells.text.height, dtype=pl.String, eager=True)
    cells.keep("time_flag", none if later is None else none.set(later.is_not_null(), "fold"))


def _keep_length(cells: Cells, start: times.Located, end: times.Located) -> None:
    """Minutes where the export has none: from the start to the end, in real time.

    An end in the night that has an hour twice is the later one where the earlier would lie before the start.
    """
    ended = end.utc
    if end.later is not None:
        ended = end.later.zip_with((end.utc <= start.utc) & end.later.is_not_null(), end.utc)
        cells.keep("ended_at", ended)
    minutes = cells.typed.get("minutes")
    if minutes is not None and not minutes.null_count():
        return
    elapsed = (ended - start.utc).dt.total_milliseconds() / 60000
    known = elapsed if minutes is None else minutes.zip_with(minutes.is_not_null(), elapsed)
    cells.keep("minutes", known)


def _refuse_clock_skew(
    cells: Cells, start: times.Located, recorded: times.Located, origin: str
) -> None:
    """Nothing is logged before it began: where it was, a clock is wrong, and nobody knows which.

    Two clocks of one kind are compared by minutes. Where a wall clock meets an instant, or a bare date, the wall
    clock may have been another zone's: only what is more than a day ahead is certainly wrong.
    """
    policy = cells.context.policy
    minutes = policy.number("session.clock_skew_minutes")
    days = policy.number("session.clock_skew_days")
    ahead = (start.utc - recorded.utc).dt.total_seconds() / 60
    days_ahead = (start.local_date - recorded.local_date).dt.total_days()
    is_alike = cells.written[origin].form == cells.written["recorded_at"].form
    if "tz" in cells.typed:
        is_alike |= cells.typed["tz"].is_not_null()
    skewed = (is_alike & (ahead > minutes).fill_null(False)) | (days_ahead > days).fill_null(False)
    if skewed.any():
        cells.fail(origin, "clock_skew", skewed)


def _refuse_ahead_of_export(cells: Cells, day: pl.Series) -> None:
    """A phone in 2099: nothing happened after the export that tells of it.

    The day alone is compared, since an export is mostly dated by a day. A `fixed` date is what somebody typed, and the time of
    a file that of its last copy: neither says when the source wrote it.
    """
    days = cells.context.policy.number("session.clock_skew_days")
    if (exported := _exported_day(cells)) is None:
        return
    ahead = ((day - exported).dt.total_days() > days).fill_null(False)
    if ahead.any():
        written = ("started_at", "ended_at", "completed_at", "local_date")
        cells.fail(
            next(name for name in written if name in cells.mapping.columns), "clock_skew", ahead
        )


def _exported_day(cells: Cells) -> date | pl.Series | None:
    """The day on which the source wrote this row, where the export itself tells."""
    origin, _, place = cells.mapping.exported_at.partition(":")
    if origin == "column":
        forms = times.formats(cells.dialect.date_order, None)
        return times.read_times(cells.text[place], forms, cells.dialect.missing).at.dt.date()
    moment = times.find_in_name(place, cells.path.name) if origin == "name" else None
    return None if moment is None else moment.date()


def _duration(minutes: pl.Series) -> pl.Series:
    return (minutes * 60_000_000).round(0).cast(pl.Int64).cast(pl.Duration("us"))


def _derive_survey(cells: Cells) -> None:
    located = _place(cells, "completed_at")
    if located is not None:
        _keep_day(cells, located, "completed_at")
        _refuse_ahead_of_export(cells, located.local_date)


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
    "deleted": lambda cells: None,
}
