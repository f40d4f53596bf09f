"""Networks of clinics drawn from a seed, large enough for votes, pools and doses; written as clinics write.

Some people come back for a second programme, one clinic measures pain on another scale, sessions carry
ratings before and after, and not everybody answers.
"""

import random
from datetime import date, timedelta
from pathlib import Path

from tests.exports import Clinic

FIRST_DAY = date(2025, 9, 1)
AS_OF = date(2026, 5, 3)
CONDITIONS = ("neck_pain", "knee_oa")


def draw_network(seed: int, n_clinics: int = 5, n_people: int = 60) -> list[Clinic]:
    """The clinics of a seed; the last one asks for pain in millimetres."""
    dice = random.Random(seed)
    clinics = []
    for number in range(n_clinics):
        clinic = Clinic(f"clinic-{number}", AS_OF)
        if number == n_clinics - 1:
            clinic.instruments["vas_pain"] = ("100mm", {"q1": "vas"})
        effect = dice.gauss(1.2, 0.8)
        for person in range(n_people // (1 + number // 2)):
            _person(clinic, f"c{number}p{person:03}", effect, dice)
        clinics.append(clinic)
    return clinics


def _person(clinic: Clinic, key: str, effect: float, dice: random.Random) -> None:
    start = FIRST_DAY + timedelta(days=dice.randrange(0, 60))
    weeks = dice.choice((4, 4, 8))
    condition = dice.choice(CONDITIONS)
    _programme(clinic, key, f"{key}-a", condition, start, weeks, effect, dice)
    if dice.random() < 0.15:
        again = start + timedelta(days=120)
        _programme(clinic, key, f"{key}-b", condition, again, 4, effect, dice)


def _programme(
    clinic: Clinic, key: str, enrolment_id: str, condition: str, start: date, weeks: int,
    effect: float, dice: random.Random,
) -> None:  # fmt: skip
    modality = dice.choice(("self_massage_only",) * 4 + ("self_massage_adjunct",))
    clinic.enrol(
        key, enrolment_id=enrolment_id, condition_code=condition, start_date=start.isoformat(),
        duration_weeks=weeks, modality=modality, age=dice.choice(("", *range(30, 80))),
    )  # fmt: skip
    diligence = dice.random()
    n_sessions = 0
    for day in range(7 * weeks + 3):
        if dice.random() < 0.5 * diligence:
            n_sessions += 1
            _session(clinic, key, enrolment_id, start + timedelta(days=day), dice)
    base = dice.randrange(3, 11)
    after = base - effect - 0.03 * n_sessions + dice.gauss(0, 1.5)
    end = start + timedelta(days=7 * weeks + dice.choice((-2, 0, 0, 1)))
    for day, value in ((start - timedelta(days=2), base), (end, after)):
        if day < start or dice.random() < 0.9:
            _ask(clinic, key, enrolment_id, day, value)


def _session(
    clinic: Clinic, key: str, enrolment_id: str, day: date, dice: random.Random
) -> None:  # fmt: skip
    before = dice.randrange(0, 11)
    after = max(0, min(10, before - dice.choice((-1, 0, 1, 1, 2, 3))))
    rated = dice.random() < 0.9
    clinic.log(
        key, f"{day} 18:00", enrolment_id=enrolment_id, pain_pre=before,
        minutes=dice.choice((20, 20, 15.5, 8)), pain_post=after if rated else "",
    )  # fmt: skip


def _ask(clinic: Clinic, key: str, enrolment_id: str, day: date, value: float) -> None:
    whole = max(0, min(10, round(value)))
    if "vas_pain" in clinic.instruments:
        clinic.ask(key, f"{day} 09:00", enrolment_id=enrolment_id, vas=10 * whole)
    else:
        clinic.ask(key, f"{day} 09:00", enrolment_id=enrolment_id, nrs=whole)


def write_network(data: Path, clinics: list[Clinic]) -> None:
    """All exports below `data/raw`."""
    for clinic in clinics:
        clinic.write(data)
