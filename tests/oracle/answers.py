"""Every enrolment x score x visit that is due or answered (clinical 4.1, 4.6)."""

from collections import defaultdict

from oracle.definitions import Policy
from oracle.enrolments import Enrolment
from oracle.identity import Key
from oracle.outcomes import Outcome
from oracle.scores import Instruments, Response
from oracle.sessions import Session
from oracle.visits import (
    ScoreKey,
    Selected,
    candidates_of,
    is_recall_guarded,
    one_owner_per_baseline,
    selected_visits,
    windows_of,
)

OWED_EVERYWHERE = ("BASELINE", "EOP", "FU1W")
Collected = dict[tuple[str, ScoreKey], set[str]]
Asked = dict[tuple[str, str], set[ScoreKey]]


def outcomes(
    enrolments: list[Enrolment],
    sessions: dict[Key, list[Session]],
    responses: list[Response],
    instruments: Instruments,
    policy: Policy,
) -> list[Outcome]:
    """Every selected score, and every visit that is due without one; the baseline has a row too."""
    spoken_for = responses_by_enrolment(enrolments, responses)
    asked = scores_asked(enrolments, spoken_for)
    chosen = visits_by_score(enrolments, sessions, spoken_for, instruments, policy)
    collected = visits_collected(enrolments, chosen)
    found = []
    for one in enrolments:
        for score in sorted(asked[one.clinic_id, one.condition]):
            selected = chosen.get((one.key, score), {})
            recall_days = instruments[score[0], score[1]].recall_days
            due = visits_due(one, collected[one.clinic_id, score], recall_days, policy)
            for visit in sorted(selected.keys() | due):
                found.append(outcome_of(one, score, visit, selected, visit in due, instruments))
    return found


def outcome_of(
    one: Enrolment,
    score: ScoreKey,
    visit: str,
    selected: Selected,
    is_due: bool,
    instruments: Instruments,
) -> Outcome:
    """One row of change: the selected score of the visit beside that of the baseline."""
    instrument, version, score_id = score
    here, base = selected.get(visit), selected.get("BASELINE")
    return Outcome(
        enrolment=one,
        score=instruments[instrument, version].scores[score_id],
        visit=visit,
        aval=None if here is None else here.value,
        base=None if base is None else base.value,
        tolerance=1e-9,
        is_due=is_due,
        ady=None if here is None else here.ady,
        scored_by=None if here is None else here.response.scored_by,
    )


def scores_asked(enrolments: list[Enrolment], spoken_for: dict[Key, list[Response]]) -> Asked:
    """Which scores a clinic asks of people with a condition."""
    # spec silent: who owes which questionnaire (4.6 says "due = enrolled with the window closed").
    # Everyone of a clinic and condition of whom anybody ever answered it: those who never answer
    # stay in the denominator, and nobody owes what the clinic does not use.
    asked: Asked = defaultdict(set)
    for one in enrolments:
        for r in spoken_for[one.key]:
            for score_id in r.scores:
                asked[one.clinic_id, one.condition].add((r.instrument, r.version, score_id))
    return asked


def visits_collected(
    enrolments: list[Enrolment], chosen: dict[tuple[Key, ScoreKey], Selected]
) -> Collected:
    """At which visits a clinic has ever collected a score."""
    clinics = {one.key: one.clinic_id for one in enrolments}
    collected: Collected = defaultdict(set)
    for (enrolment, score), selected in chosen.items():
        collected[clinics[enrolment], score].update(selected)
    return collected


def visits_due(
    one: Enrolment, collected: set[str], recall_days: float | None, policy: Policy
) -> set[str]:
    """Visits of which the window applies to the plan and has closed by the as-of date (4.6)."""
    # spec silent: calendar visits that a clinic never collects. Nobody there owes them; the
    # baseline and the end of a programme are owed everywhere. A label without a window, and any
    # label of an enrolment without a start, is owed from the beginning.
    day = one.as_of_day()
    if day is None:
        return set(collected)
    windows = windows_of(one, policy)
    named = {w.visit for w in policy.windows} | {"EOP"}
    closed = {
        w.visit for w in windows if w.high <= day and not is_recall_guarded(w, one, recall_days)
    }
    return {v for v in closed if v in OWED_EVERYWHERE or v in collected} | (collected - named)


def visits_by_score(
    enrolments: list[Enrolment],
    sessions: dict[Key, list[Session]],
    spoken_for: dict[Key, list[Response]],
    instruments: Instruments,
    policy: Policy,
) -> dict[tuple[Key, ScoreKey], Selected]:
    """The selected visits of every enrolment x score."""
    visits = {}
    for one in enrolments:
        for score, candidates in candidates_of(one, spoken_for[one.key]).items():
            recall = instruments[score[0], score[1]].recall_days
            visits[one.key, score] = selected_visits(
                one, candidates, sessions.get(one.key, []), policy, recall
            )
    return one_owner_per_baseline(visits)


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
