"""Whether a clinic's figures are in the unit of the others: medians taken while a file is read, compared over all files.

A wrong unit passes every range that a single row can be held against: 0.3 is a possible number of minutes, and 4 a
possible pain on a line of 100 mm. Beside other clinics it shows. A few thousand values of each batch are enough for a
median; questionnaires of whole-number options have no unit, so a healthy clinic is never taken for a wrong one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from schemas.policy import Policy

_OF_EACH_BATCH = 4096
Median = tuple[int, int, float]  # people, values, median


class Samples:
    """Evenly spaced values of the figures of one file that have a unit."""

    def __init__(self) -> None:
        self._samples: dict[str, list[pl.DataFrame]] = defaultdict(list)

    def add(self, quantity: str, persons: pl.Series, values: pl.Series) -> None:
        """Note values of one quantity: `minutes`, or a questionnaire with what it measures."""
        step = max(1, len(values) // _OF_EACH_BATCH)
        sample = pl.DataFrame(
            {"person": persons.gather_every(step), "value": values.gather_every(step)}
        )
        self._samples[quantity].append(sample.drop_nulls())

    def medians(self) -> dict[str, Median]:
        """Quantity -> people, values, median; as the receipt keeps them."""
        found = {}
        for quantity, samples in sorted(self._samples.items()):
            sample = pl.concat(samples)
            if sample.height:
                median = float(np.median(sample["value"].to_numpy()))
                found[quantity] = (sample["person"].n_unique(), sample.height, median)
        return found


@dataclass(frozen=True)
class Implausible:
    """A file with the quantity that is out of line, and its median as a multiple of the network's."""

    file_key: str
    quantity: str
    ratio: float

    @property
    def words(self) -> str:
        """How far off, without anybody's figure."""
        if self.ratio >= 1:
            return f"median {self.ratio:.3g} times that of the clinics"
        return f"median {100 * self.ratio:.2g} % of that of the clinics"


def find_implausible(receipts: list[dict[str, Any]], policy: Policy) -> list[Implausible]:
    """Files whose median is another one than the network's; the whole network is asked, in whatever order it came."""
    found: dict[str, Implausible] = {}
    for quantity in sorted({q for receipt in receipts for q in receipt.get("medians", {})}):
        files = [r for r in receipts if quantity in r.get("medians", {})]
        clinics = {r["clinic_id"] for r in files}
        if len(clinics) < policy.number("plausible.min_clinics"):
            continue
        network = float(
            np.median([_median_of(files, {"clinic_id": clinic}, quantity) for clinic in clinics])
        )
        for receipt in files if network > 0 else ():
            ratio = _judged_median(receipt, files, quantity, policy) / network
            if not _is_plausible(ratio, policy):
                key = receipt["file_key"]
                found.setdefault(key, Implausible(key, quantity, ratio))
    return sorted(found.values(), key=lambda one: one.file_key)


def _is_plausible(ratio: float, policy: Policy) -> bool:
    low, high = policy.number("plausible.lowest_ratio"), policy.number("plausible.highest_ratio")
    return bool(np.isnan(ratio)) or low <= ratio <= high


def _judged_median(
    receipt: Mapping[str, Any], files: list[dict[str, Any]], quantity: str, policy: Policy
) -> float:
    """The file's own median; where few people stand in it, that of all files of its source, which share one mapping."""
    enough = policy.number("plausible.min_persons")
    persons, _, median = receipt["medians"][quantity]
    if persons >= enough:
        return float(median)
    source = {name: receipt[name] for name in ("clinic_id", "source_id")}
    of_source = [f for f in files if _has(f, source)]
    n_persons = sum(f["medians"][quantity][0] for f in of_source)
    return _median_of(files, source, quantity) if n_persons >= enough else float("nan")


def _median_of(files: Iterable[dict[str, Any]], of: Mapping[str, str], quantity: str) -> float:
    """The median over files, each with the weight of its values."""
    medians = sorted(
        (f["medians"][quantity][2], f["medians"][quantity][1]) for f in files if _has(f, of)
    )
    values, weights = np.array(medians).T
    return float(values[np.searchsorted(np.cumsum(weights), weights.sum() / 2)])


def _has(receipt: Mapping[str, Any], names: Mapping[str, str]) -> bool:
    return all(receipt[name] == value for name, value in names.items())
