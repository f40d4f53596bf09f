"""The local day of a session or form in the person's own zone (architecture 8, Zones)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from oracle.landed import Row

OTHERS = ("ended_at", "recorded_at")


def in_home_zone(row: Row, column: str, home_tz: str | None) -> tuple[datetime | None, date | None]:
    """(instant, local date) of a landed row: the zone on the row, else the home zone, else as landed.

    A bare wall clock keeps its clock and changes its instant; a value with an offset keeps its
    instant and may change its day.
    """
    instant, day = row[column], row["local_date"]
    if home_tz in (None, row["tz"]) or row["tz_source"] == "row" or instant is None:
        return instant, day
    zone = ZoneInfo(home_tz or "UTC")
    if row["tz_source"] == "offset":
        return instant, instant.replace(tzinfo=UTC).astimezone(zone).date()
    wall = instant + timedelta(minutes=row["utc_offset_min"])
    return wall.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None), day


def in_home_clock(row: Row, column: str, home_tz: str | None) -> datetime:
    """The end of a session, or when it was logged: as a wall clock of the same zone as its start, if it was one."""
    source = row["recorded_tz_source"] if column == "recorded_at" else row["tz_source"]
    instant: datetime = row[column]
    if home_tz in (None, row["tz"]) or source != "source":
        return instant
    wall = instant.replace(tzinfo=UTC).astimezone(ZoneInfo(row["tz"])).replace(tzinfo=None)
    return wall.replace(tzinfo=ZoneInfo(home_tz or "UTC")).astimezone(UTC).replace(tzinfo=None)


def in_home_zones(rows: list[Row], column: str, enrolments: list[Row]) -> list[Row]:
    """All rows with instant and day in the person's zone; natural keys hold the true instant."""
    zones = home_zones(enrolments)
    moved = []
    for row in rows:
        home = zones.get(row["participant_key"])
        instant, day = in_home_zone(row, column, home)
        others = {name: in_home_clock(row, name, home) for name in OTHERS if row.get(name)}
        moved.append(row | others | {column: instant, "local_date": day})
    return moved


def home_zones(enrolments: list[Row]) -> dict[str, str]:
    """The home zone of every person whose enrolment records name one."""
    # spec silent: a person whose records name several zones. The newest start decides.
    named = [row for row in enrolments if row["home_tz"] is not None]
    ordered = sorted(named, key=lambda row: (row["start_date"] or date.min, row["home_tz"]))
    return {row["participant_key"]: row["home_tz"] for row in ordered}
