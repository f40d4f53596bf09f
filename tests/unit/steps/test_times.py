"""Written times: what is ambiguous or impossible in a zone, and what a file name holds."""

from datetime import date, datetime

import polars as pl
import pytest

from flows.steps import times


def located(zone: str | pl.Series, *written: str | None) -> times.Located:
    """These texts as the readers hand them on, placed in a zone."""
    told = times.read_times(pl.Series(written), times.formats("ymd", None), ("",))
    assert told.failed is None
    return times.locate(told, zone)


def test_a_wall_clock_of_the_autumn_night_has_two_instants_and_the_earlier_is_taken():
    found = located("Europe/Berlin", "2025-10-26 02:30", "2025-10-26 03:30", "2025-10-26T02:30:00Z")
    assert found.utc.to_list() == [
        datetime(2025, 10, 26, 0, 30), datetime(2025, 10, 26, 2, 30), datetime(2025, 10, 26, 2, 30),
    ]  # fmt: skip
    assert found.later is not None
    assert found.later.to_list() == [datetime(2025, 10, 26, 1, 30), None, None]
    assert found.offset_min.to_list() == [120, 60, 60]


def test_a_half_hour_of_lord_howe_stands_twice():
    found = located("Australia/Lord_Howe", "2026-04-05 01:45", "2026-01-01 12:00")
    assert found.later is not None
    assert (found.later - found.utc).dt.total_minutes().to_list() == [30, None]


def test_each_row_in_its_own_zone():
    zones = pl.Series(["Europe/Berlin", "America/Los_Angeles", "Europe/Berlin"])
    found = located(zones, "2025-10-26 02:30", "2025-10-26 02:30", "2025-07-01 02:30")
    assert found.later is not None
    assert found.later.is_not_null().to_list() == [True, False, False]


def test_where_no_clock_changes_nothing_is_flagged():
    found = located("Europe/Berlin", "2026-01-01 02:30", None)
    assert (found.later, found.in_gap) == (None, None)


def test_bare_dates_have_no_instant_and_no_flag():
    found = located("Europe/Berlin", "2025-10-26", "2026-03-29")
    assert found.utc.null_count() == 2 and found.later is None and found.in_gap is None
    assert found.local_date.to_list() == [date(2025, 10, 26), date(2026, 3, 29)]


def test_an_offset_in_a_file_name_may_have_no_colon():
    text = pl.Series(["2022-03-10 13_58_51+00_00", "2022-03-10 13_58_51-07_30"])
    told = times.read_times(text, times.formats(None, "%Y-%m-%d %H_%M_%S%z"), ("",))
    assert told.at.to_list() == [
        datetime(2022, 3, 10, 13, 58, 51),
        datetime(2022, 3, 10, 21, 28, 51),
    ]
    assert told.form.to_list() == [times.UTC, times.UTC]


@pytest.mark.parametrize(
    ("pattern", "name", "moment"),
    [
        ("%Y-%m-%d", "log_2026-13-01_2026-03-31.csv", datetime(2026, 3, 31)),
        ("%Y%m%d_%H%M", "log.20260331_0530.csv", datetime(2026, 3, 31, 5, 30)),
        ("%Y-%m-%d", "log.csv", None),
    ],
)
def test_the_first_time_of_this_form_in_a_name(pattern, name, moment):
    assert times.find_in_name(pattern, name) == moment


@pytest.mark.parametrize("cell", ["01/02/26", "01/02/00", "01/02/0026", "31/12/1899"])
@pytest.mark.parametrize("clock", ["", " 10:00"])
def test_a_year_that_nobody_was_treated_in_is_no_date(cell, clock):
    """`%Y` would take two digits for the first century, and every session would lie two thousand years off."""
    text = pl.Series([f"01/02/2026{clock}", cell + clock])
    for declared in (None, "%d/%m/%Y" + (" %H:%M" if clock else "")):
        written = times.read_times(text, times.formats("dmy", declared), ("",))
        assert written.failed is not None and written.failed.to_list() == [False, True]


@pytest.mark.parametrize("unit", ["epoch_s", "epoch_ms", "excel_serial"])
def test_a_number_that_counts_another_unit_is_no_date(unit):
    sound = {"epoch_s": 1.77e9, "epoch_ms": 1.77e12, "excel_serial": 46054.5}[unit]
    written = times.from_epoch(pl.Series([sound, sound * 1e4, 1e300, -1e300, None]), unit)
    assert written.failed is not None
    assert written.failed.to_list() == [False, True, True, True, False]


def test_a_time_of_day_long_from_now_is_none_yet_a_bare_date_may_say_that_there_is_no_end():
    text = pl.Series(["2026-02-01", "9999-12-31", "2200-02-01"])
    days = times.read_times(text, times.formats("ymd", None), ("",))
    assert days.failed is None
    clocks = times.read_times(text + " 10:00", times.formats("ymd", None), ("",))
    assert clocks.failed is not None
    assert clocks.failed.to_list() == [False, True, True]
