"""Change, percent change and responders of one enrolment x score x visit (clinical 4.2, 4.3)."""

from dataclasses import dataclass

from oracle.definitions import Score
from oracle.enrolments import Enrolment


@dataclass(frozen=True)
class Outcome:
    """One enrolment x score x visit that is due or answered; `aval` is None if not answered."""

    enrolment: Enrolment
    score: Score
    visit: str
    aval: float | None
    base: float | None
    tolerance: float
    is_due: bool = True
    ady: int | None = None
    scored_by: str | None = None

    def change(self) -> float | None:
        """CHG = AVAL - BASE."""
        # spec silent: the change of the baseline from itself. There is none.
        if self.aval is None or self.base is None or self.visit == "BASELINE":
            return None
        return self.aval - self.base

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

    def is_pair(self) -> bool:
        """Baseline and this visit are both there."""
        return self.change() is not None

    def is_base_at_best(self) -> bool:
        """The baseline is the best possible score: no room to improve."""
        return self.base == (
            self.score.low if self.score.direction == "higher_worse" else self.score.high
        )

    def can_respond(self) -> bool:
        """Eligible to respond: the baseline is at least one MIC above the floor (4.3 c)."""
        mic = self.score.mic
        if self.base is None or mic is None:
            return False
        if mic["unit"] == "percent":
            return self.base > 0
        worst_first = self.score.direction == "higher_worse"
        room = self.base - self.score.low if worst_first else self.score.high - self.base
        return bool(room >= mic["value"] - self.tolerance)
