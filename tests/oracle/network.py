"""What acute, dose and evidence start from: enrolments, their sessions with ratings, outcomes, ages."""

import tomllib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from oracle.adherence import due_in_week, is_counted, is_excused, is_unseen, matured_weeks
from oracle.answers import outcomes
from oracle.definitions import Policy, instrument_of, read_instruments, read_policy
from oracle.enrolments import Enrolment, as_of_dates, enrolments_in_force
from oracle.identity import Key, enrolment_identity, enrolment_key, records_in_force
from oracle.landed import Landed, Row
from oracle.outcomes import Outcome
from oracle.recompute import condition_groups
from oracle.scores import responses_in_force
from oracle.sessions import (
    Session,
    owner_of,
    session_of,
    sessions_by_enrolment,
    sessions_in_force,
    silent_days,
)

Rating = tuple[float | None, float | None]


@dataclass(frozen=True)
class Network:
    """Everything by enrolment key; `ratings` belong to the active sessions of the plan."""

    policy: Policy
    enrolled: list[Enrolment]
    sessions: dict[Key, list[Session]]
    ratings: dict[Key, list[Rating]]
    scored: list[Outcome]
    ages: dict[Key, int | None]
    silent: dict[str, set[date]]
    logging_clinics: set[str]

    def number(self, key: str) -> float:
        """A policy number."""
        return float(self.policy.exact(key))


def read_network(landed: Landed, schemas: Path) -> Network:
    """From one landed state."""
    policy = read_policy(schemas / "policy.toml")
    millimetres = (schemas / "instruments" / "vas_pain.toml").read_text(encoding="utf-8")
    other = instrument_of(tomllib.loads(millimetres))
    instruments = read_instruments(schemas / "instruments")
    instruments |= {(other.instrument, other.version): other}
    as_of = as_of_dates(landed.files)
    known = enrolments_in_force(landed, policy, condition_groups(schemas), as_of)
    enrolled = [one for one in known if one.has_begun()]
    rows = sessions_in_force(landed)
    sessions = sessions_by_enrolment(rows, enrolled)
    responses = responses_in_force(landed, instruments)
    return Network(
        policy, enrolled, sessions, ratings_by_enrolment(rows, enrolled),
        outcomes(enrolled, sessions, responses, instruments, policy), ages_of(landed),
        silent_days(landed.tables["session"], enrolled, 7, 10),
        {row["clinic_id"] for row in landed.files if row["table"] == "session"},
    )  # fmt: skip


def in_plan(one: Enrolment, session: Session) -> bool:
    """Active, from day 1 to the end of the plan or the as-of day."""
    last = min(day for day in (one.end_day(), one.as_of_day()) if day is not None)
    return session.is_active() and 1 <= session.day <= last


def ratings_by_enrolment(rows: list[Row], enrolled: list[Enrolment]) -> dict[Key, list[Rating]]:
    """Ratings before and after of every session in the plan, unrated ones included."""
    people: dict[str, list[Enrolment]] = defaultdict(list)
    for one in enrolled:
        people[one.participant_key].append(one)
    found: dict[Key, list[Rating]] = defaultdict(list)
    for row in rows:
        owner = owner_of(row, people[row["participant_key"]])
        if owner is not None and owner.start is not None:
            if in_plan(owner, session_of(row, owner.start)):
                found[owner.key].append((row["pain_pre"], row["pain_post"]))
    return found


def ages_of(landed: Landed) -> dict[Key, int | None]:
    """Age at the start: as reported, else from the year of birth."""
    found: dict[Key, int | None] = {}
    for _, row in records_in_force(landed.tables["enrolment"], landed.files, enrolment_key):
        day = row["start_date"] or row["index_date"]
        by_year = None if row["birth_year"] is None or day is None else day.year - row["birth_year"]
        age = row["age"] if row["age"] is not None else by_year
        found.setdefault(enrolment_identity(row), age)
    return found


def adherence_before(network: Network, one: Enrolment, day: int) -> float | None:
    """Capped adherence over the weeks that were over before that day."""
    silent = network.silent[one.clinic_id]
    sessions = network.sessions.get(one.key, [])
    weeks = [
        w for w in matured_weeks(one)
        if 7 * w < day and not is_excused(one, w) and not is_unseen(one, w, silent)
    ]  # fmt: skip
    due = {w: due_in_week(one, w) for w in weeks}
    if not weeks or any(value is None for value in due.values()) or not sum(due.values()):
        return None
    capped = sum(
        min(due[w], sum(1 for s in sessions if 7 * w - 6 <= s.day <= 7 * w and is_counted(s, one, network.policy)))
        for w in weeks
    )  # fmt: skip
    return float(capped / sum(due.values()))


def by_first_programme(rows: Iterable[tuple[Enrolment, object]]) -> list:
    """One per person: that of the earliest start."""
    first: dict[str, tuple[Enrolment, object]] = {}
    for one, value in rows:
        known = first.get(one.participant_key)
        order = (one.start or date.max, one.key)
        if known is None or order < (known[0].start or date.max, known[0].key):
            first[one.participant_key] = (one, value)
    return list(first.values())
