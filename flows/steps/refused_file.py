"""Files refused whole, although each of their rows could be judged: too many bad ones, or a unit that cannot be right.

Nothing of such a file is in force; what an earlier version of it had brought stands. Its receipt and its refused cells
are kept, so that the clinic sees what to mend, and the file need not be read again at every run.
"""

from collections import Counter
from typing import Any

from flows.steps.plausibility import Implausible
from flows.steps.receipt import Receipt
from schemas.policy import Policy

CEILING, UNIT = "refused_above_ceiling", "implausible_unit"
_ADVICE = (
    "nothing of it was taken in, and what an earlier version of it had brought stands; "
    "see 'followthrough fixlist', mend the export or its source.toml, then run again"
)


def is_above_ceiling(receipt: dict[str, Any], policy: Policy) -> bool:
    """Whether so many of the file's rows were refused that the rest would mislead."""
    n_rows = receipt["rows_read"] - receipt["rows_ignored"]
    share = policy.number("refused.ceiling")
    is_enough = n_rows >= policy.number("refused.ceiling_min_rows")
    return bool(is_enough and receipt["rows_refused"] > share * n_rows)


def refuse_above_ceiling(receipt: Receipt, reasons: Counter[tuple[str, str]]) -> None:
    """Note on the receipt that the file is refused, and what its rows mostly failed by: (rule, column) -> rows."""
    n_rows = receipt.rows_read - receipt.rows_ignored
    listed = sorted(reasons.items(), key=lambda one: (-one[1], one[0]))[:3]
    told = [f"{n} {rule}" + (f" in '{column}'" if column else "") for (rule, column), n in listed]
    receipt.refused_by = CEILING
    receipt.refused_why = f"{receipt.rows_refused} of {n_rows} rows: {', '.join(told)}"


def refuse_implausible(receipt: dict[str, Any], verdict: Implausible) -> dict[str, Any]:
    """The receipt of a file in a unit of its own."""
    column = receipt["columns"].get(verdict.quantity, verdict.quantity)
    return receipt | {
        "refused_by": UNIT,
        "refused_column": column,
        "refused_why": verdict.words,
    }


def refusal_message(label: str, receipt: dict[str, Any], policy: Policy) -> str:
    """What is told of a refused file, and what to do."""
    if receipt["refused_by"] == UNIT:
        low, high = (policy.number(f"plausible.{end}_ratio") for end in ("lowest", "highest"))
        return (
            f"{label}: '{receipt['refused_column']}' is in another unit: {receipt['refused_why']}, "
            f"where {low:g} to {high:g} times is expected; {_ADVICE}"
        )
    ceiling = 100 * policy.number("refused.ceiling")
    return (
        f"{label}: too many rows are refused, {receipt['refused_why']}; "
        f"the ceiling is {ceiling:g} % (refused.ceiling in policy.toml); {_ADVICE}"
    )
