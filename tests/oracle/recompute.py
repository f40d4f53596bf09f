"""Landed Parquet + ledger + definitions -> both marts, in one straight line."""

import tomllib
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from oracle.adherence import Measures, adherence
from oracle.answers import outcomes
from oracle.cells import Cell, cells_of, enrolments_by_cell
from oracle.definitions import Policy, read_instruments, read_policy
from oracle.enrolments import Enrolment, as_of_dates, enrolments_in_force
from oracle.identity import Key
from oracle.inference import add_family
from oracle.landed import Landed, Row
from oracle.mart_adherence import MartRow, adherence_row
from oracle.mart_outcome import outcome_row
from oracle.outcomes import Outcome
from oracle.scores import Instruments, responses_in_force
from oracle.sessions import (
    Session,
    merged_sessions,
    sessions_by_enrolment,
    sessions_in_force,
    silent_days,
)

OutcomeKey = tuple[Cell, str, str, str, str]


@dataclass(frozen=True)
class Marts:
    """Both marts by key: a cell, and for outcomes (cell, instrument, version, score_id, visit)."""

    adherence: dict[Cell, MartRow]
    outcome: dict[OutcomeKey, MartRow]


def recompute(landed: Landed, schemas: Path) -> Marts:
    """The two marts of one landed state; `schemas` holds policy, vocabulary and questionnaires."""
    policy = read_policy(schemas / "policy.toml")
    instruments = read_instruments(schemas / "instruments")
    as_of = as_of_dates(landed.files)
    known = enrolments_in_force(landed, policy, condition_groups(schemas), as_of)
    enrolled = [one for one in known if one.has_begun()]
    rows = merged_sessions(sessions_in_force(landed), enrolled, landed.files, policy)
    sessions = sessions_by_enrolment(rows, enrolled)
    # spec silent: what shows that an export has no hole. Any log landed for that day, as its source
    # dates it, also one that a newer export replaced.
    measures = adherence_of_all(enrolled, landed.tables["session"], sessions, policy)
    responses = responses_in_force(landed, instruments)
    scored = outcomes(enrolled, sessions, responses, instruments, policy)
    members = enrolments_by_cell(enrolled, policy)
    planned = enrolments_by_cell([one for one in known if not one.has_begun()], policy)
    outcome = outcome_mart(members, enrolled, scored, instruments, policy)
    return Marts(
        dated(adherence_mart(members, planned, enrolled, measures), as_of),
        {key: row | {"as_of_date": as_of_of(key[0], as_of)} for key, row in outcome.items()},
    )


def condition_groups(schemas: Path) -> dict[str, str]:
    """condition -> condition_group, from the shipped vocabulary (clinical 1.4)."""
    text = tomllib.loads((schemas / "vocabulary.toml").read_text(encoding="utf-8"))
    return {code: entry["group"] for code, entry in text["condition"].items()}


def adherence_of_all(
    enrolled: list[Enrolment],
    rows: list[Row],
    sessions: dict[Key, list[Session]],
    policy: Policy,
) -> dict[Key, Measures]:
    """Measures of every enrolment, export holes of its clinic taken out."""
    longest = int(policy.exact("adherence.clinic_silent_days"))
    min_active = int(policy.exact("adherence.clinic_silent_min_active"))
    silent = silent_days(rows, enrolled, longest, min_active)
    return {
        one.key: adherence(one, sessions.get(one.key, []), policy, silent[one.clinic_id])
        for one in enrolled
    }


def adherence_mart(
    members: dict[Cell, list[Key]],
    planned: dict[Cell, list[Key]],
    enrolled: list[Enrolment],
    measures: dict[Key, Measures],
) -> dict[Cell, MartRow]:
    """One row per cell that has an enrolment which has begun."""
    by_key = {one.key: one for one in enrolled}
    return {
        cell: adherence_row(
            cell, [(by_key[key], measures[key]) for key in keys], len(planned.get(cell, []))
        )
        for cell, keys in members.items()
    }


def outcome_mart(
    members: dict[Cell, list[Key]],
    enrolled: list[Enrolment],
    scored: list[Outcome],
    instruments: Instruments,
    policy: Policy,
) -> dict[OutcomeKey, MartRow]:
    """One row per cell x score x visit that is due or answered by anyone in the cell."""
    by_key = {one.key: one for one in enrolled}
    grouped: dict[tuple[Cell, str, str, str], list[Outcome]] = defaultdict(list)
    for row in scored:
        for cell in cells_of(row.enrolment, policy):
            score = row.score
            grouped[cell, score.instrument, score.version, score.score_id].append(row)
    found: dict[OutcomeKey, MartRow] = {}
    for (cell, instrument, version, score_id), rows in grouped.items():
        people = [by_key[key] for key in members[cell]]
        recall = instruments[instrument, version].recall_days
        for visit in sorted({row.visit for row in rows}):
            key = (cell, instrument, version, score_id, visit)
            found[key] = outcome_row(visit, people, rows, recall, policy)
    return add_family(found, policy)


def dated(mart: dict[Cell, MartRow], as_of: dict[str, date]) -> dict[Cell, MartRow]:
    """Each row with its as-of date."""
    return {cell: row | {"as_of_date": as_of_of(cell, as_of)} for cell, row in mart.items()}


def as_of_of(cell: Cell, as_of: dict[str, date]) -> date:
    """As-of date of a mart row: the clinic's, or the latest of all for `all` (architecture 4)."""
    return max(as_of.values()) if cell[-1] == "all" else as_of[cell[-1]]
