"""The people of a synthetic clinic network: who is prescribed which programme, and when.

What a clinic knows is drawn here, in the vocabulary of `schemas/`; how people then behave is
`behaviour.py`, and how each clinic writes it down is `dialects/`. Nobody here is or was a person.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TypeVar

import numpy as np

T = TypeVar("T")

# Shares are made up, the members are not: conditions and durations of the self-massage literature,
# in which four weeks are the commonest programme.
CONDITIONS = {
    "knee_oa": 0.19,
    "low_back_pain": 0.17,
    "neck_pain": 0.14,
    "stress": 0.12,
    "anxiety": 0.12,
    "hand_oa": 0.08,
    "fibromyalgia": 0.08,
    "back_pain": 0.06,
    "tension_headache": 0.04,
}
PSYCHOLOGICAL = ("stress", "anxiety")
SINGLE, OPEN = 0, -1  # programme lengths that are not a number of weeks
WEEKS = {SINGLE: 0.10, 2: 0.10, 4: 0.38, 6: 0.14, 8: 0.12, 12: 0.08, OPEN: 0.08}
MODALITIES = {
    "self_massage_only": 0.58,
    "self_massage_adjunct": 0.27,
    "professional_only": 0.06,
    "control_or_waitlist": 0.09,
}
ADJUNCT_SHARES = (0.4, 0.5, 0.6, 0.75)  # 0.5 is not "more than half": the boundary must occur
SETTINGS = {
    "home_unsupervised": 0.5,
    "home_with_remote_coaching": 0.2,
    "clinic_then_home": 0.15,
    "group_class": 0.1,
    "workplace": 0.05,
}
SITES = {
    "knee_oa": "knee",
    "low_back_pain": "lower_back",
    "neck_pain": "neck",
    "stress": "shoulder",
    "anxiety": "hand_wrist",
    "hand_oa": "hand_wrist",
    "fibromyalgia": "whole_body",
    "back_pain": "upper_back",
    "tension_headache": "head_face_jaw",
}
TECHNIQUES = ("effleurage", "kneading", "compression_trigger_point", "acupressure", "foam_rolling")
TEMPERAMENTS = {
    "steady": 0.36,
    "slipping": 0.24,
    "drop_out": 0.17,
    "keen": 0.12,  # does more than prescribed, and goes on after the end
    "hasty": 0.06,  # many sessions under half of the prescribed minutes
    "never": 0.05,
}
FIRST_START = date(2025, 5, 5)
TOO_LATE_DAYS = 10  # the last programmes are prescribed, but start after the export


@dataclass(frozen=True)
class Clinic:
    """One clinic: its habits decide what it prescribes and how it exports."""

    clinic_id: str
    dialect: str
    prefix: str  # of its participant ids
    timezone: str
    exported: date
    per_week: tuple[int, ...]
    arms: tuple[str, ...]


@dataclass(frozen=True)
class Enrolment:
    """One programme of one person as prescribed, with the two hidden traits that drive behaviour."""

    participant_id: str
    enrolment_id: str
    condition: str
    index_date: date
    start: date
    weeks: int  # SINGLE and OPEN beside the real weeks
    per_week: int | None  # None: a control or waitlist arm without a prescribed dose
    minutes: int
    setting: str
    technique: str
    body_site: str
    modality: str
    share: float
    arm: str
    birth_year: int
    sex: str
    temperament: str
    severity: float  # 0-1 at baseline
    quits_after: int  # day after which a drop-out does nothing more
    changed_on: date | None = None  # a second version of the prescription ...
    changed_per_week: int | None = None  # ... with this frequency

    @property
    def plan_type(self) -> str:
        """`single_session`, `fixed_term` or `open_ended`."""
        return {SINGLE: "single_session", OPEN: "open_ended"}.get(self.weeks, "fixed_term")

    @property
    def end(self) -> date | None:
        """Last planned day; None for an open-ended programme."""
        if self.weeks == OPEN:
            return None
        return self.start + timedelta(days=(7 if self.weeks == SINGLE else 7 * self.weeks) - 1)

    def status(self, on: date) -> str:
        """What the clinic has in its books on this day; only some drop-outs were noticed."""
        if self.start > on:
            return "planned"
        if self.has_quit(on) and self.quits_after % 3:
            return "stopped_by_participant"
        return "completed" if self.end is not None and self.end < on else "running"

    def has_quit(self, on: date) -> bool:
        """Whether a drop-out's last day has passed."""
        return self.temperament == "drop_out" and on > self.quit_date

    @property
    def quit_date(self) -> date:
        """The last day on which a drop-out takes part."""
        return self.start + timedelta(days=self.quits_after)


def pick(rng: np.random.Generator, shares: dict[T, float]) -> T:
    """One member of a table of shares."""
    position = np.searchsorted(np.cumsum(list(shares.values())), rng.random(), side="right")
    return list(shares)[min(int(position), len(shares) - 1)]


def one_of(rng: np.random.Generator, members: tuple[T, ...]) -> T:
    """One member, all equally likely."""
    return members[int(rng.integers(len(members)))]


def enrolments(clinic: Clinic, people: int, rng: np.random.Generator) -> list[Enrolment]:
    """The programmes of a clinic; a few people come back for a second one."""
    result = []
    for number in range(1, people + 1):
        first = _enrolment(clinic, f"{clinic.prefix}{number:04d}", rng)
        result.append(first)
        done = first.status(clinic.exported) == "completed"
        room = first.end is not None and first.end < clinic.exported - timedelta(days=60)
        if done and room and rng.random() < 0.12:
            result.append(_second(first, rng))
    return result


def _enrolment(clinic: Clinic, participant_id: str, rng: np.random.Generator) -> Enrolment:
    days = (clinic.exported - FIRST_START).days + TOO_LATE_DAYS
    prescribed = FIRST_START + timedelta(days=int(rng.integers(days)))
    condition, weeks, modality = pick(rng, CONDITIONS), pick(rng, WEEKS), pick(rng, MODALITIES)
    per_week = 1 if weeks == SINGLE else one_of(rng, clinic.per_week)
    enrolment = Enrolment(
        participant_id=participant_id,
        enrolment_id=f"{participant_id}-1",
        condition=condition,
        index_date=prescribed,
        start=prescribed + timedelta(days=int(rng.integers(4))),
        weeks=weeks,
        per_week=None if modality == "control_or_waitlist" else per_week,
        minutes=one_of(rng, (5, 10, 15, 20, 20, 30)),
        setting="clinic_supervised" if modality == "professional_only" else pick(rng, SETTINGS),
        technique=one_of(rng, TECHNIQUES),
        body_site=SITES[condition],
        modality=modality,
        share=_share(modality, rng),
        arm="waitlist" if modality == "control_or_waitlist" else one_of(rng, clinic.arms),
        birth_year=int(rng.integers(1934, 2005)),
        sex="female" if rng.random() < 0.63 else "male",
        temperament=pick(rng, TEMPERAMENTS),
        severity=float(np.clip(rng.normal(0.58, 0.15), 0.15, 0.98)),
        quits_after=int(rng.integers(3, 4 + 5 * max(weeks, 2))),
    )
    return _changed(enrolment, rng)


def _share(modality: str, rng: np.random.Generator) -> float:
    """Share of the prescribed intervention that is self-massage."""
    if modality == "self_massage_adjunct":
        return one_of(rng, ADJUNCT_SHARES)
    return 1.0 if modality == "self_massage_only" else 0.0


def _changed(enrolment: Enrolment, rng: np.random.Generator) -> Enrolment:
    """Some longer programmes get another frequency after two weeks."""
    if enrolment.weeks < 6 or enrolment.per_week is None or rng.random() > 0.15:
        return enrolment
    changed_on = enrolment.start + timedelta(days=14)
    return replace(enrolment, changed_on=changed_on, changed_per_week=enrolment.per_week + 1)


def _second(first: Enrolment, rng: np.random.Generator) -> Enrolment:
    """A four-week refresher, some weeks after the first programme."""
    assert first.end is not None, "an open-ended programme has no second"
    start = first.end + timedelta(days=int(rng.integers(21, 45)))
    return replace(
        first,
        enrolment_id=f"{first.participant_id}-2",
        index_date=start,
        start=start,
        weeks=4,
        per_week=first.per_week and 3,
        temperament=pick(rng, TEMPERAMENTS),
        severity=max(0.15, first.severity - 0.15),
        changed_on=None,
        changed_per_week=None,
    )
