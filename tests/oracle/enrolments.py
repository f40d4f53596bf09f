"""Enrolments in force with plan, prescription versions and pauses (clinical 1.2, 1.3; architecture 8)."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from oracle.definitions import Policy
from oracle.identity import (
    Key,
    enrolment_identity,
    enrolment_key,
    pause_key,
    records_in_force,
)
from oracle.landed import Landed, Row

STOPPED = ("stopped_by_participant", "stopped_by_clinician", "lost")


@dataclass(frozen=True)
class Version:
    """A prescription from one day on: sessions a week and minutes a session."""

    effective_from: date | None
    per_week: Fraction | None
    minutes: Fraction | None


@dataclass(frozen=True)
class Enrolment:
    """One participant x one programme x one start, as prescribed on day 1."""

    key: Key
    clinic_id: str
    enrolment_id: str | None
    participant_key: str
    condition: str
    condition_group: str
    modality: str
    arm: str
    setting: str
    start: date | None
    plan_type: str
    weeks: int | None
    band: str
    due_days: int
    versions: list[Version]
    status: str | None
    status_date: date | None
    stop_reason: str | None
    as_of: date
    sessions_reported: int | None = None
    self_massage_share: float | None = None
    pauses: list[tuple[date, date]] = field(default_factory=list)

    def as_of_day(self) -> int | None:
        """A of clinical 3.2: the as-of date as a programme day."""
        return None if self.start is None else (self.as_of - self.start).days + 1

    def has_begun(self) -> bool:
        """Begun by the as-of date, or without a date; the others enter no denominator (4)."""
        return self.start is None or self.start <= self.as_of

    def end_day(self) -> int | None:
        """Last day of the plan; None for open-ended plans."""
        if self.band == "single":
            return self.due_days
        return None if self.weeks is None else 7 * self.weeks

    def last_active_date(self) -> date | None:
        """Last day of being under way: the end of the plan, or an earlier stop; None: no end."""
        # spec silent: what ends activity. The plan, and the day on which somebody stopped.
        end = self.end_day()
        planned = [self.start + timedelta(days=end - 1)] if self.start and end is not None else []
        stopped = [self.status_date] if self.status in STOPPED and self.status_date else []
        return min(planned + stopped, default=None)

    def version_on(self, day: int) -> Version:
        """The prescription in force on a programme day (3.2: F_w on the first day of the week)."""
        if self.start is None:
            return self.versions[0]
        return version_at(self.versions, self.start + timedelta(days=day - 1))

    def paused_on(self, day: int) -> bool:
        """Whether an applied pause covers the programme day."""
        if self.start is None:
            return False
        moment = self.start + timedelta(days=day - 1)
        return any(first <= moment <= last for first, last in self.pauses)


def enrolments_in_force(
    landed: Landed, policy: Policy, groups: dict[str, str], as_of: dict[str, date]
) -> list[Enrolment]:
    """All enrolments in force, those still to begin included."""
    versions: dict[Key, list[Row]] = defaultdict(list)
    for _, row in records_in_force(landed.tables["enrolment"], landed.files, enrolment_key):
        versions[enrolment_identity(row)].append(row)
    exported = {file["file_key"]: file["exported_at"] for file in landed.files}
    found = [
        enrolment_of(key, rows, policy, groups, as_of, exported) for key, rows in versions.items()
    ]
    add_pauses(found, landed)
    return found


def enrolment_of(
    key: Key,
    rows: list[Row],
    policy: Policy,
    groups: dict[str, str],
    as_of: dict[str, date],
    exported: dict[str, datetime],
) -> Enrolment:
    """One enrolment from its records: the plan of day 1, the status of the newest record."""
    rows = sorted(rows, key=lambda r: r["effective_from"] or r["start_date"] or date.min)
    versions = [version_of(row) for row in rows]
    first = row_on_day_one(rows)
    # spec silent: which record tells the status. The newest export; in one export the last version.
    latest = max(enumerate(rows), key=lambda pair: (exported[pair[1]["file_key"]], pair[0]))[1]
    plan = plan_of(first)
    weeks = first["duration_weeks"] if plan == "fixed_term" else None
    return Enrolment(
        key=key,
        clinic_id=first["clinic_id"],
        enrolment_id=first["enrolment_id"],
        participant_key=first["participant_key"],
        condition=first["condition_code"],
        condition_group=groups[first["condition_code"]],
        # spec silent: a column that the clinic does not tell is the member `unknown`.
        modality=first["modality"] or "unknown",
        arm=first["arm"] or "none",
        setting=first["setting"] or "unknown",
        start=first["start_date"],
        plan_type=plan,
        weeks=weeks,
        band=duration_band(plan, weeks, version_of(first).per_week),
        due_days=first["due_days"] or int(policy.exact("adherence.due_days_default")),
        versions=versions,
        status=latest["status"],
        status_date=latest["status_date"],
        stop_reason=latest["stop_reason"],
        as_of=as_of[first["clinic_id"]],
        sessions_reported=latest["sessions_reported"],
        self_massage_share=first["self_massage_share"],
    )


def row_on_day_one(rows: list[Row]) -> Row:
    """The record whose prescription is in force on day 1 (clinical 1.3 rule 1)."""
    # spec silent: a first version that takes effect only after day 1 leaves a hole; it is closed by
    # letting the first version count from the start.
    started = [
        r
        for r in rows
        if r["effective_from"] is None
        or r["start_date"] is None
        or r["effective_from"] <= r["start_date"]
    ]
    return started[-1] if started else rows[0]


def version_at(versions: list[Version], moment: date) -> Version:
    """The last version that took effect by `moment`, else the first."""
    begun = [v for v in versions if v.effective_from is None or v.effective_from <= moment]
    return begun[-1] if begun else versions[0]


def version_of(row: Row) -> Version:
    """The dose of one enrolment record, to three decimals (design: staging.prescription)."""
    return Version(
        row["effective_from"],
        thousandths(row["sessions_per_week"]),
        thousandths(row["minutes_per_session"]),
    )


def thousandths(value: float | None) -> Fraction | None:
    """A dose as DECIMAL(9,3)."""
    if value is None:
        return None
    return Fraction(Decimal(str(value)).quantize(Decimal("0.001"), ROUND_HALF_UP))


def plan_of(row: Row) -> str:
    """The type of plan."""
    # spec silent: a plan without a type. Weeks make it fixed-term, no weeks leave it open-ended.
    if row["plan_type"] is not None:
        return str(row["plan_type"])
    return "open_ended" if row["duration_weeks"] is None else "fixed_term"


def duration_band(plan: str, weeks: int | None, per_week: Fraction | None) -> str:
    """Bands of clinical 1.3; one prescribed session is `single` whatever the weeks say (rule 3)."""
    one_session = weeks is not None and per_week is not None and weeks * per_week == 1
    if plan == "single_session" or one_session:
        return "single"
    if weeks is None:
        return "open_ended"
    for band, last in (("w1_3", 3), ("w4", 4), ("w5_7", 7), ("w8_12", 12)):
        if weeks <= last:
            return band
    return "w_gt12"


def add_pauses(enrolments: list[Enrolment], landed: Landed) -> None:
    """Pauses to be applied: recorded before they ended (architecture 8, Adherence)."""
    for _, row in records_in_force(landed.tables["pause"], landed.files, pause_key):
        recorded = row["recorded_at"]
        if recorded is None or recorded.date() > row["to_date"]:
            continue
        for one in enrolments:
            # spec silent: a pause without an enrolment id pauses all programmes of the person.
            named = row["enrolment_id"] in (None, one.enrolment_id)
            if one.participant_key == row["participant_key"] and named:
                one.pauses.append((row["from_date"], row["to_date"]))


def as_of_dates(files: list[Row]) -> dict[str, date]:
    """data_through_date of every clinic: as its sources declare it, else derived (architecture 4)."""
    given = {
        file["clinic_id"]: date.fromisoformat(file["data_through"])
        for file in files
        if file["data_through"] is not None
    }
    newest: dict[str, dict[tuple[str, str], date]] = defaultdict(dict)
    for file in files:
        source = (file["source_id"], file["table"])
        day = file["exported_at"].date()
        known = newest[file["clinic_id"]]
        known[source] = max(known.get(source, day), day)
    found = {}
    for clinic, sources in newest.items():
        sessions = [day for (_, table), day in sources.items() if table == "session"]
        found[clinic] = given.get(clinic) or (min(sessions) if sessions else max(sources.values()))
    return found
