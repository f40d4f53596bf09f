"""A zone's offset by the day: said only where the whole day, and its neighbours, have one."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from flows.steps.zone_offsets import fold_days, steady_minutes

ZONES = ("Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia", "UTC")


@pytest.mark.parametrize("zone", ZONES)
def test_what_is_said_of_a_day_holds_for_each_of_its_hours_and_those_beside_it(zone):
    days = [date(2011, 1, 1) + timedelta(days=day) for day in range(3 * 366)]
    told = steady_minutes(pl.Series(days), zone).to_list()
    for day, minutes in zip(days, told, strict=True):
        hours = (
            datetime(day.year, day.month, day.day) + timedelta(hours=h) for h in range(-12, 38)
        )
        offsets = {hour.replace(tzinfo=ZoneInfo(zone)).utcoffset() for hour in hours}
        assert minutes is None or offsets == {timedelta(minutes=minutes)}
    assert sum(minutes is None for minutes in told) < 40


def test_nothing_is_said_of_blanks_and_of_years_that_no_zone_table_is_sure_of():
    days = pl.Series(
        [None, date(1969, 12, 31), date(1970, 6, 1), date(2037, 6, 1), date(2038, 1, 1)]
    )
    assert steady_minutes(days, "Asia/Kolkata").to_list() == [None, None, 330, 330, None]
    assert steady_minutes(days.head(1), "UTC").to_list() == [None]
    assert steady_minutes(days.tail(1), "UTC").to_list() == [None]


def test_the_days_about_a_clock_put_back():
    assert fold_days(2026, "Europe/Berlin") == tuple(date(2026, 10, day) for day in (24, 25, 26))
    assert fold_days(2026, "Asia/Kolkata") == ()
