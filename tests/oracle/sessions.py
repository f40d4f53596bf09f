"""Sessions in force, each with the enrolment it belongs to (design: staging.session_enrolment)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from oracle.definitions import Policy
from oracle.enrolments import Enrolment
from oracle.identity import Key, order_of, records_in_force, session_keys
from oracle.landed import Landed, Row
from oracle.session_merges import Rank, merged
from oracle.zones import in_home_zones


@dataclass(frozen=True)
class Session:
    """One session as a programme day of its enrolment."""

    day: int
    minutes: Fraction | None
    status: str
    local_date: date | None = None
    started_at: datetime | None = None
    log_source: str | None = None
    recorded_at: datetime | None = None
    ended_at: datetime | None = None

    def was_done(self) -> bool:
        """Completed or partly: what can count at all (clinical 3.2)."""
        return self.status in ("completed", "partial")

    def is_active(self) -> bool:
        """Activity on a day (architecture 8): minutes above zero, or completed."""
        if self.minutes is None:
            return self.status == "completed"
        return self.was_done() and self.minutes > 0

    def was_recalled(self) -> bool | None:
        """Logged from memory: more than 48 h after the end, or said so; None: not known (1.2)."""
        if self.recorded_at is not None and self.ended_at is not None:
            return self.recorded_at - self.ended_at > RECALL
        # spec silent: logs without a time of recording. The kind of log tells; a diary on paper is
        # not known to be one or the other.
        if self.log_source in (None, "paper_diary"):
            return None
        return self.log_source == "app_recalled"


RECALL = timedelta(hours=48)


def sessions_in_force(landed: Landed) -> list[Row]:
    """Sessions in the person's zone, then after identity (architecture 8)."""
    rows = in_home_zones(landed.tables["session"], "started_at", landed.tables["enrolment"])
    keys, gone = session_keys(rows), landed.tables.get("deleted", [])
    return [row for _, row in records_in_force(rows, landed.files, keys, gone, "session_id")]


def merged_sessions(
    rows: list[Row], enrolments: list[Enrolment], files: list[Row], policy: Policy
) -> list[Row]:
    """The sessions in force, those of one enrolment that are one session merged."""
    owned: dict[Key, list[Row]] = defaultdict(list)
    people, alone = people_of(enrolments), []
    for row in rows:
        owner = owner_of(row, people[row["participant_key"]])
        (alone if owner is None else owned[owner.key]).append(row)
    near, alike = (policy.exact(f"session.same_{what}_minutes") for what in ("start", "length"))
    rank: Rank = order_of(files)
    return alone + [row for many in owned.values() for row in merged(many, rank, near, alike)]


def people_of(enrolments: list[Enrolment]) -> dict[str, list[Enrolment]]:
    """The enrolments of every person."""
    people: dict[str, list[Enrolment]] = defaultdict(list)
    for one in enrolments:
        people[one.participant_key].append(one)
    return people


def sessions_by_enrolment(rows: list[Row], enrolments: list[Enrolment]) -> dict[Key, list[Session]]:
    """Every matched session, by the key of its enrolment; refused ones are left out."""
    people = people_of(enrolments)
    matched: dict[Key, list[Session]] = defaultdict(list)
    for row in rows:
        owner = owner_of(row, people[row["participant_key"]])
        if owner is not None and owner.start is not None:
            matched[owner.key].append(session_of(row, owner.start))
    return matched


def owner_of(row: Row, candidates: list[Enrolment]) -> Enrolment | None:
    """Given id; the only active one; the latest that started before; the earliest to come."""
    if row["enrolment_id"] is not None:
        # spec silent: an id that is unknown, or another person's, matches nothing.
        named = [one for one in candidates if one.enrolment_id == row["enrolment_id"]]
        return named[0] if named else None
    day = row["local_date"]
    dated = [one for one in candidates if one.start is not None]
    active = [one for one in dated if is_active_on(one, day)]
    if active:
        return active[0] if len(active) == 1 else None
    before = [one for one in dated if one.start is not None and one.start < day]
    if before:
        return only(before, max(start_of(before)))
    later = [one for one in dated if one not in before]
    return only(later, min(start_of(later))) if later else None


def only(candidates: list[Enrolment], start: date) -> Enrolment | None:
    """The enrolment of that start."""
    # spec silent: two enrolments of the same start are as ambiguous as two active ones.
    same = [one for one in candidates if one.start == start]
    return same[0] if len(same) == 1 else None


def start_of(enrolments: Iterable[Enrolment]) -> list[date]:
    """Their start dates."""
    return [one.start for one in enrolments if one.start is not None]


def is_active_on(one: Enrolment, day: date) -> bool:
    """Inside the prescribed plan on that day; open-ended plans end only by a stop."""
    last = one.last_active_date()
    return one.start is not None and one.start <= day and (last is None or day <= last)


def session_of(row: Row, start: date) -> Session:
    """A landed session as a programme day, minutes as reported or as the difference of instants."""
    minutes = row["minutes"]
    exact = None if minutes is None else Fraction(str(minutes))
    if minutes is None and row["started_at"] is not None and row["ended_at"] is not None:
        exact = Fraction((row["ended_at"] - row["started_at"]) // timedelta(seconds=1), 60)
    return Session(
        day=(row["local_date"] - start).days + 1,
        minutes=exact,
        # spec silent: a clinic that maps no status logs what was done.
        status=row["status"] or "completed",
        local_date=row["local_date"],
        started_at=row["started_at"],
        log_source=row["log_source"],
        recorded_at=row["recorded_at"],
        ended_at=row["ended_at"],
    )


def silent_days(
    rows: list[Row], enrolments: list[Enrolment], longest: int, min_active: int
) -> dict[str, set[date]]:
    """Days of a clinic inside an export hole (clinical 3.5, architecture 8 `not_observed`).

    A hole is more than `longest` consecutive days on each of which at least `min_active`
    enrolments were active and nobody of the clinic logged anything.
    """
    logged: dict[str, set[date]] = defaultdict(set)
    for row in rows:
        if row["status"] != "entered_in_error":
            logged[row["clinic_id"]].add(row["local_date"])
    return {
        clinic: holes(silences(clinic, enrolments, logged[clinic], min_active), longest)
        for clinic in {one.clinic_id for one in enrolments}
    }


def silences(
    clinic: str, enrolments: list[Enrolment], logged: set[date], min_active: int
) -> list[date]:
    """Days up to the as-of date with enough active enrolments and not one session."""
    active: dict[date, int] = defaultdict(int)
    for one in enrolments:
        for offset in range(one.as_of_day() or 0 if one.clinic_id == clinic else 0):
            day = (one.start or date.max) + timedelta(days=offset)
            active[day] += is_active_on(one, day)
    return [d for d in sorted(active) if active[d] >= min_active and d not in logged]


def holes(days: list[date], longest: int) -> set[date]:
    """The days that lie in runs of more than `longest` consecutive days."""
    found: set[date] = set()
    run: list[date] = []
    for day in days:
        run = [*run, day] if run and day - run[-1] == timedelta(days=1) else [day]
        if len(run) > longest:
            found.update(run)
    return found
