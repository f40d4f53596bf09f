"""Change, percent change and responders of every enrolment x score x visit (clinical 4.2, 4.3)."""

from collections import defaultdict
from dataclasses import dataclass

from oracle.definitions import Policy, Score
from oracle.enrolments import Enrolment
from oracle.identity import Key
from oracle.scores import Instruments, Response
from oracle.sessions import Session
from oracle.visits import (
    ScoreKey,
    Selected,
    candidates_of,
    one_owner_per_baseline,
    selected_visits,
    windows_of,
)


@dataclass(frozen=True)
class Outcome:
    """One enrolment x score x visit: the score there, and the baseline if there is one."""

    enrolment: Enrolment
    score: Score
    visit: str
    aval: float
    base: float | None
    tolerance: float

    def change(self) -> float | None:
        """CHG = AVAL - BASE."""
        return None if self.base is None else self.aval - self.base

    def improve(self) -> float | None:
        """Change with the sign of improvement."""
        change = self.change()
        if change is None:
            return None
        return -change if self.score.direction == "higher_worse" else change

    def percent_change(self) -> float | None:
        """100 CHG / BASE where the scale has a true zero and the baseline is above it."""
        change = self.change()
        if change is None or not self.score.percent_change or not self.base or self.base <= 0:
            return None
        return 100 * change / self.base

    def is_responder(self, percent: float) -> bool | None:
        """Improved by at least that share of the baseline, boundary inclusive (4.3)."""
        improve = self.improve()
        if improve is None or self.percent_change() is None or self.base is None:
            return None
        return improve >= percent / 100 * self.base - self.tolerance

    def moved_by_mic(self, sign: int) -> bool | None:
        """Better (+1) or worse (-1) by at least the configured MIC."""
        improve, mic = self.improve(), self.score.mic
        if improve is None or mic is None:
            return None
        if mic["unit"] == "points":
            return bool(sign * improve >= mic["value"] - self.tolerance)
        if self.base is None or self.base <= 0:
            return None
        return bool(sign * improve >= mic["value"] / 100 * self.base - self.tolerance)

    def can_respond_mic(self) -> bool:
        """Eligible to respond: the baseline is at least one MIC above the floor (4.3 c)."""
        mic = self.score.mic
        if self.base is None or mic is None:
            return False
        if mic["unit"] == "percent":
            return self.base > 0
        worst_first = self.score.direction == "higher_worse"
        room = self.base - self.score.low if worst_first else self.score.high - self.base
        return bool(room >= mic["value"] - self.tolerance)

    def can_respond_percent(self) -> bool:
        """Eligible for a percent responder: a percent change exists."""
        return self.percent_change() is not None


def outcomes(
    enrolments: list[Enrolment],
    sessions: dict[Key, list[Session]],
    responses: list[Response],
    instruments: Instruments,
    policy: Policy,
) -> list[Outcome]:
    """Every selected score of every visit; the baseline itself has a row too."""
    by_key = {one.key: one for one in enrolments}
    visits = visits_by_score(enrolments, sessions, responses, instruments, policy)
    tolerance = float(policy.exact("responder.tolerance"))
    found = []
    for (key, (instrument, version, score_id)), chosen in one_owner_per_baseline(visits).items():
        score = instruments[instrument, version].scores[score_id]
        base = chosen["BASELINE"].value if "BASELINE" in chosen else None
        for visit, candidate in chosen.items():
            found.append(Outcome(by_key[key], score, visit, candidate.value, base, tolerance))
    return found


def visits_by_score(
    enrolments: list[Enrolment],
    sessions: dict[Key, list[Session]],
    responses: list[Response],
    instruments: Instruments,
    policy: Policy,
) -> dict[tuple[Key, ScoreKey], Selected]:
    """The selected visits of every enrolment x score."""
    spoken_for = responses_by_enrolment(enrolments, responses)
    visits = {}
    for one in enrolments:
        for score, candidates in candidates_of(one, spoken_for[one.key]).items():
            recall = instruments[score[0], score[1]].recall_days
            visits[one.key, score] = selected_visits(
                one, candidates, sessions.get(one.key, []), policy, recall
            )
    return visits


def responses_by_enrolment(
    enrolments: list[Enrolment], responses: list[Response]
) -> dict[Key, list[Response]]:
    """The forms that may speak for each enrolment: the named one, else all of the person."""
    people: dict[str, list[Enrolment]] = defaultdict(list)
    for one in enrolments:
        people[one.participant_key].append(one)
    found: dict[Key, list[Response]] = defaultdict(list)
    for r in responses:
        for one in people[r.participant_key]:
            if r.enrolment_id is not None:
                speaks = one.enrolment_id == r.enrolment_id
            else:
                # spec silent: a form without a day and without an enrolment, of a person with
                # several enrolments, speaks for none of them.
                dated = r.local_date is not None and one.start is not None
                speaks = dated or len(people[r.participant_key]) == 1
            if speaks:
                found[one.key].append(r)
    return found


def is_due(one: Enrolment, visit: str, policy: Policy) -> bool:
    """The window of the visit applies to the plan and has closed by the as-of date (4.6)."""
    # spec silent: a visit without a window, or an enrolment without a start, is never due.
    day = one.as_of_day()
    return day is not None and any(
        w.visit == visit and w.high <= day for w in windows_of(one, policy)
    )
