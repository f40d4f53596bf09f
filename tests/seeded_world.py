"""Small clinics drawn from a seed, with all that makes adherence hard: zones, clock changes, pauses, restarts.

Every value is written as a clinic would write it. A world can be drawn again with all dates moved by whole
weeks, or with every instant written with its offset: the tests of invariance need the same world twice.
"""

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.exports import Clinic, Row

# Both clock changes of both continents lie in some world, and both nights of 2026 in spring.
FIRST_DAY = date(2026, 1, 12)
AS_OF = date(2026, 5, 3)
CONDITIONS = ("neck_pain", "knee_oa", "low_back_pain", "stress")
ZONES = ("America/Los_Angeles", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland")
# 02:30 does not exist in the spring night: it would be refused, which is another test. No two minutes are
# half an hour apart, so that no two wall clocks of different zones are one instant by accident.
HOURS = ((0, 5), (0, 41), (1, 52), (7, 33), (12, 1), (18, 47), (23, 29), (23, 58))


@dataclass(frozen=True)
class Style:
    """How a world is written: moved by whole weeks, and with offsets instead of wall clocks."""

    weeks_later: int = 0
    with_offsets: bool = False


def draw_clinic(seed: int, n_people: int = 24, style: Style = Style()) -> Clinic:
    """The clinic of a seed; the same seed gives the same clinic, only written in another style."""
    return _Drawer(seed, style).draw(n_people)


class _Drawer:
    """One clinic while it is drawn; the dice never depend on the style."""

    def __init__(self, seed: int, style: Style) -> None:
        self.dice, self.style = random.Random(seed), style
        self.zone = self.dice.choice(ZONES[:2])
        later = timedelta(weeks=style.weeks_later)
        self.clinic = Clinic(
            f"clinic-{seed:02}", AS_OF + later, self.zone, AS_OF + timedelta(days=2) + later
        )

    def draw(self, n_people: int) -> Clinic:
        for number in range(n_people):
            self._person(f"p{number:03}")
        self._deal_export_hole()
        return self.clinic

    def _person(self, key: str) -> None:
        dice = self.dice
        home = dice.choice((None, None, *ZONES))
        start = FIRST_DAY + timedelta(days=dice.randrange(0, 119))
        first = self._programme(key, f"{key}-a", start, home)
        if dice.random() < 0.25:  # a restart, at times while the first programme still runs
            again = start + timedelta(days=dice.randrange(20, 80))
            second = self._programme(key, f"{key}-b", again, home)
            self._sessions(key, f"{key}-b", again, second, home)
        self._sessions(key, f"{key}-a", start, first, home)
        self._forms(key, f"{key}-a", start, home)

    def _programme(self, key: str, enrolment_id: str, start: date, home: str | None) -> Row:
        dice = self.dice
        plan = self._plan()
        row: Row = {
            "enrolment_id": enrolment_id, "condition_code": dice.choice(CONDITIONS), "start_date": self._day(start),
            "setting": dice.choice(("home_unsupervised", "group_class", "")),
            "modality": dice.choice(("self_massage_only", "self_massage_adjunct")),
            "arm": dice.choice(("", "app")), "home_tz": home or "", "status": "running", "status_date": "",
            "stop_reason": "", "effective_from": "",
            "self_massage_share": dice.choice(("1", "0.5", "0.51", "")),
            "sessions_reported": dice.choice(("", "", "7")),
        } | plan  # fmt: skip
        if dice.random() < 0.2:
            left = start + timedelta(days=dice.randrange(2, 40))
            status = dice.choice(("stopped_by_participant", "stopped_by_clinician", "lost"))
            row |= {"status": status, "status_date": self._day(left)}
            row["stop_reason"] = dice.choice(("no_benefit", "died", "unknown"))
        self.clinic.enrol(key, **row)
        if plan["plan_type"] == "fixed_term" and dice.random() < 0.3:
            changed = start + timedelta(days=dice.randrange(3, 25))
            later = {
                "effective_from": self._day(changed),
                "sessions_per_week": dice.choice((1, 2, 5)),
            }
            longer = dice.choice((0, 0, 4))
            more = {"duration_weeks": plan["duration_weeks"] + longer, "minutes_per_session": 30}
            self.clinic.enrol(key, **(row | later | more))
        if dice.random() < 0.3:
            self._pause(key, enrolment_id, start)
        return row

    def _plan(self) -> Row:
        dice = self.dice
        kind = dice.choices(("fixed_term", "open_ended", "single_session"), (8, 1, 1))[0]
        weeks = dice.choice((1, 2, 3, 4, 4, 6, 8, 12)) if kind == "fixed_term" else ""
        per_week = dice.choice((0.5, 1, 2, 3, 3.5, 5, 7, 14, ""))
        minutes = dice.choice((10, 12.5, 20, 30, ""))
        if kind == "single_session":
            per_week = ""
        return {
            "plan_type": kind,
            "duration_weeks": weeks,
            "sessions_per_week": per_week,
            "minutes_per_session": minutes,
        }

    def _pause(self, key: str, enrolment_id: str, start: date) -> None:
        first = start + timedelta(days=self.dice.randrange(0, 30))
        last = first + timedelta(days=self.dice.randrange(0, 18))
        recorded = self.dice.choice((first, last, last + timedelta(days=1), None))
        told: Row = {"participant_id": key, "enrolment_id": enrolment_id}
        told |= {"from_date": self._day(first), "to_date": self._day(last)}
        told["recorded_at"] = "" if recorded is None else f"{self._day(recorded)}"
        self.clinic.rows["pause"].append(told)

    def _sessions(
        self, key: str, enrolment_id: str, start: date, plan: Row, home: str | None
    ) -> None:
        """Diligent, slack or with long silences; a few before the start and after the end."""
        dice = self.dice
        length = 7 * (plan["duration_weeks"] or 10)
        share = dice.choice((0.05, 0.3, 0.6, 0.95))
        silent = range(
            silence := dice.randrange(0, length + 1), silence + dice.choice((0, 7, 8, 14, 15, 30))
        )
        stops_on = dice.choice((length, length, dice.randrange(1, length + 1)))
        for offset in range(-3, length + 6):
            if (
                offset in silent
                or (offset > stops_on and dice.random() < 0.97)
                or dice.random() > share
            ):
                continue
            for hour, minute in dice.sample(HOURS, dice.choice((1, 1, 1, 2))):
                at = datetime.combine(start + timedelta(days=offset), datetime.min.time())
                self._session(key, enrolment_id, at.replace(hour=hour, minute=minute), plan, home)

    def _session(
        self, key: str, enrolment_id: str, wall: datetime, plan: Row, home: str | None
    ) -> None:
        dice = self.dice
        status = dice.choices(
            ("completed", "partial", "skipped", "entered_in_error"), (88, 6, 4, 2)
        )[0]
        prescribed = plan["minutes_per_session"] or 20
        minutes: float | str = dice.choice(
            (prescribed, prescribed, prescribed / 2, prescribed / 2 - 0.1, prescribed + 10, "")
        )
        own = dice.choice(("", "", "", *ZONES))
        named = enrolment_id if dice.random() < 0.7 else ""
        written = self._instant(wall, own or home or self.zone)
        row: Row = {
            "enrolment_id": named,
            "minutes": minutes,
            "status": status,
            "tz": own,
            "session_id": "",
        }
        row["log_source"] = dice.choice(
            ("", "device", "app_realtime", "app_recalled", "paper_diary")
        )
        self.clinic.log(key, written, **row)

    def _forms(self, key: str, enrolment_id: str, start: date, home: str | None) -> None:
        for day in (-9, 0, 14, 28, 56, 84):
            if self.dice.random() < 0.6:
                when = datetime.combine(
                    start + timedelta(days=day + self.dice.randrange(-3, 4)), datetime.min.time()
                )
                written = self._instant(
                    when.replace(hour=self.dice.choice((6, 9, 20))), home or self.zone
                )
                self.clinic.ask(
                    key, written, enrolment_id=enrolment_id, nrs=self.dice.randrange(0, 11)
                )

    def _deal_export_hole(self) -> None:
        """Every third clinic lost the logs of two and a half weeks."""
        if self.dice.random() > 0.34:
            return
        first = self._day(FIRST_DAY + timedelta(days=60))
        last = self._day(FIRST_DAY + timedelta(days=78))
        kept = [
            row
            for row in self.clinic.rows["session"]
            if not first <= row["started_at"][:10] <= last
        ]
        self.clinic.rows["session"] = kept

    def _day(self, day: date) -> str:
        return (day + timedelta(weeks=self.style.weeks_later)).isoformat()

    def _instant(self, wall: datetime, zone: str) -> str:
        """A wall clock, or the same instant with the offset that this zone had then."""
        moved = wall + timedelta(weeks=self.style.weeks_later)
        if not self.style.with_offsets:
            return moved.strftime("%Y-%m-%d %H:%M")
        return moved.replace(tzinfo=ZoneInfo(zone)).isoformat()
