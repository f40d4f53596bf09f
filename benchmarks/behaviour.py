"""What the people of the synthetic network do: sessions they log and questionnaires they answer.

Adherence follows a temperament, improvement follows adherence plus a lot of noise, and those who stop
answer less. Times are the clock on the wall where the person is.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np

from benchmarks.world import OPEN, PSYCHOLOGICAL, SINGLE, Clinic, Enrolment, one_of

OPEN_WEEKS = 60  # an open-ended programme is lived at most this long
# Two slots a day, so that nobody starts two sessions in one minute: first hour, width in minutes.
SLOTS = ((6, 330), (17, 290))
REVERSED = {"pss10": (4, 5, 7, 8)}
ITEMS = {"nrs_pain": (1, 10), "peg": (3, 10), "gad7": (7, 3), "pss10": (10, 4), "phq9": (9, 3)}
# Weeks after the start at which a clinic asks, and the shortest programme that is asked.
VISITS = {"WK2": (2, 3), "WK4": (4, 1), "WK8": (8, 5), "WK12": (12, 8), "WK26": (26, 0)}


@dataclass(frozen=True)
class Session:
    """One logged session."""

    session_id: str
    enrolment: Enrolment
    start: datetime
    minutes: int
    status: str
    pain_pre: int
    pain_post: int
    log_source: str

    @property
    def end(self) -> datetime:
        """When it stopped."""
        return self.start + timedelta(minutes=self.minutes)


@dataclass(frozen=True)
class Response:
    """One visit of one person: the answers to every questionnaire asked there; None is unanswered."""

    response_id: str
    enrolment: Enrolment
    visit: str
    completed: datetime
    answers: dict[str, list[int | None]]


def sessions(clinic: Clinic, people: list[Enrolment], rng: np.random.Generator) -> list[Session]:
    """All sessions up to the export, in the order in which they happened."""
    found = [s for person in people for s in _sessions_of(clinic, person, rng)]
    found.sort(key=lambda s: (s.start, s.enrolment.enrolment_id))
    return [_numbered(clinic, number, s) for number, s in enumerate(found, 1)]


def _numbered(clinic: Clinic, number: int, session: Session) -> Session:
    return Session(**{**session.__dict__, "session_id": f"{clinic.prefix}S{number:06d}"})


def _sessions_of(clinic: Clinic, person: Enrolment, rng: np.random.Generator) -> list[Session]:
    days = _days_lived(clinic, person)
    if days <= 0 or person.per_week is None:
        return []
    chance = np.clip(_eagerness(person, days) * person.per_week / 14, 0, 0.97)
    if person.weeks == SINGLE:  # once, within the week that is allowed; the keen do it twice
        chance = np.where(np.arange(days) < 7, _eagerness(person, days) / 5, 0)
    done = rng.random((days, 2)) < chance[:, None]
    if person.weeks == SINGLE:
        done = _first_only(done, 2 if person.temperament == "keen" else 1)
    return [
        _session(person, int(day), int(slot), rng)
        for day, slot in zip(*done.nonzero(), strict=True)
    ]


def _first_only(done: np.ndarray, count: int) -> np.ndarray:
    """Keep the first sessions only."""
    running = done.ravel().cumsum().reshape(done.shape)
    return done & (running <= count)


def _days_lived(clinic: Clinic, person: Enrolment) -> int:
    """Days from the start to the export or the end; the keen go on two weeks longer."""
    weeks = {OPEN: OPEN_WEEKS, SINGLE: 1}.get(person.weeks, person.weeks)
    planned = 7 * weeks + (14 if person.temperament == "keen" else 0)
    return min(planned, (clinic.exported - person.start).days + 1)


def _eagerness(person: Enrolment, days: int) -> np.ndarray:
    """Share of the prescribed sessions that this person does on each day."""
    day = np.arange(days)
    return {
        "steady": np.full(days, 0.9),
        "slipping": 0.95 - 0.65 * day / max(days, 14),
        "drop_out": np.where(day <= person.quits_after, 0.8, 0.0),
        "keen": np.full(days, 1.45),
        "hasty": np.full(days, 0.85),
        "never": np.zeros(days),
    }[person.temperament]


def _session(person: Enrolment, day: int, slot: int, rng: np.random.Generator) -> Session:
    first_hour, width = SLOTS[slot]
    start = datetime.combine(person.start + timedelta(days=day), time(first_hour))
    minutes = _minutes(person, rng)
    pain = int(np.clip(round(person.severity * 10 + rng.normal(0, 1.2)), 0, 10))
    return Session(
        session_id="",
        enrolment=person,
        start=start + timedelta(minutes=int(rng.integers(width))),
        minutes=minutes,
        status="completed" if 2 * minutes >= person.minutes else "partial",
        pain_pre=pain,
        pain_post=max(0, pain - int(rng.integers(0, 4))),
        log_source="app_realtime" if rng.random() < 0.85 else "app_recalled",
    )


def _minutes(person: Enrolment, rng: np.random.Generator) -> int:
    """Minutes of one session, around what was prescribed."""
    share = rng.uniform(0.15, 0.6) if person.temperament == "hasty" else rng.uniform(0.7, 1.3)
    return max(1, round(person.minutes * share))


def responses(
    clinic: Clinic, people: list[Enrolment], asked: tuple[str, ...], rng: np.random.Generator
) -> list[Response]:
    """All answered visits up to the export, by person and time."""
    found = []
    for person in people:
        for visit, day in _visit_days(person):
            when = person.start + timedelta(days=day + _lateness(visit, rng))
            if when <= clinic.exported and rng.random() < _answers_chance(person, when):
                found.append(_response(person, visit, day, when, asked, rng))
    return [_with_id(clinic, number, r) for number, r in enumerate(found, 1)]


def _with_id(clinic: Clinic, number: int, response: Response) -> Response:
    return Response(**{**response.__dict__, "response_id": f"{clinic.prefix}Q{number:06d}"})


def _visit_days(person: Enrolment) -> list[tuple[str, int]]:
    """Visits of a programme with their days since the start (0 = day 1)."""
    if person.weeks == SINGLE:
        return [("BASELINE", 0), ("FU1W", 7)]
    weeks = 999 if person.weeks == OPEN else person.weeks
    days = {visit: 7 * week for visit, (week, least) in VISITS.items() if weeks >= least}
    if person.weeks != OPEN and 7 * weeks not in days.values():
        days["EOP"] = 7 * weeks
    return [("BASELINE", 0), *sorted(days.items(), key=lambda visit: visit[1])]


def _lateness(visit: str, rng: np.random.Generator) -> int:
    """Baselines are taken up to a week before; follow-ups drift, a few far out of every window."""
    if visit == "BASELINE":
        return -int(rng.integers(0, 8))
    return int(rng.integers(-3, 5)) + (int(rng.integers(20, 40)) if rng.random() < 0.03 else 0)


def _answers_chance(person: Enrolment, when: date) -> float:
    """Those who stopped, or never began, answer less: outcomes are not missing at random."""
    if when <= person.start:
        return 0.96
    if person.temperament == "never" or person.has_quit(when):
        return 0.3
    return 0.84


def _response(
    person: Enrolment,
    visit: str,
    day: int,
    when: date,
    asked: tuple[str, ...],
    rng: np.random.Generator,
) -> Response:
    level = _level(person, day, rng)
    names = [name for name in asked if _is_asked(name, person)]
    return Response(
        response_id="",
        enrolment=person,
        visit=visit,
        completed=datetime.combine(when, time(8)) + timedelta(minutes=int(rng.integers(700))),
        answers={name: _answers(name, level, rng) for name in names},
    )


def _is_asked(instrument: str, person: Enrolment) -> bool:
    """Pain scales go to everybody, psychological ones to those with such a condition."""
    return instrument in ("nrs_pain", "peg") or person.condition in PSYCHOLOGICAL


def _level(person: Enrolment, day: int, rng: np.random.Generator) -> float:
    """Severity (0-1) on a day: it falls with time and with what the person does."""
    effect = {"steady": 0.4, "keen": 0.42, "slipping": 0.27, "hasty": 0.2, "drop_out": 0.12}
    change = effect.get(person.temperament, 0.05) * min(1.0, day / 42)
    return float(np.clip(person.severity * (1 - change) + rng.normal(0, 0.09), 0, 1))


def _answers(instrument: str, level: float, rng: np.random.Generator) -> list[int | None]:
    """Item answers around a severity; about one form in thirty lacks an item."""
    items, highest = ITEMS[instrument]
    raw = np.clip(np.rint(highest * (level + rng.normal(0, 0.1, items))), 0, highest).astype(int)
    for item in REVERSED.get(instrument, ()):
        raw[item - 1] = highest - raw[item - 1]
    answers: list[int | None] = [int(answer) for answer in raw]
    if items > 1 and rng.random() < 0.03:
        answers[one_of(rng, tuple(range(items)))] = None
    return answers
