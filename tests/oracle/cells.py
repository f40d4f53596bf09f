"""The cells of a mart (design: Marts: cells; architecture 6, Cells)."""

from collections import defaultdict

from oracle.definitions import Policy
from oracle.enrolments import Enrolment
from oracle.identity import Key

Cell = tuple[str, str, str, str, str, str, str]
CELL_COLUMNS = ("level", "condition", "duration_band", "modality", "arm", "setting", "clinic_id")


def cells_of(one: Enrolment, policy: Policy) -> list[Cell]:
    """One cell per level x duration x split."""
    conditions = {
        "condition": one.condition,
        "group": one.condition_group,
        "all": "all",
    }
    return [
        (
            level,
            conditions[level],
            one.band if duration == "band" else "all",
            one.modality if split == "modality" else "all",
            one.arm if split == "arm" else "all",
            one.setting if split == "setting" else "all",
            one.clinic_id if split == "clinic_id" else "all",
        )
        for level in policy.levels
        for duration in policy.durations
        for split in policy.splits
    ]


def enrolments_by_cell(enrolments: list[Enrolment], policy: Policy) -> dict[Cell, list[Key]]:
    """Keys of the enrolments in every cell that has any."""
    found: dict[Cell, list[Key]] = defaultdict(list)
    for one in enrolments:
        for cell in cells_of(one, policy):
            found[cell].append(one.key)
    return dict(found)
