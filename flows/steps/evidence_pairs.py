"""Changes at the primary visit as arrays: what is said of clinics, votes and bands starts from the same people."""

from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl

from flows.stats.moments import Floats, Ints
from flows.steps.infer_tables import SCORE, dense, numbers, read_frame

# The first programme of a person comes first: where a person counts once, it is the one that counts.
_PAIRS = """
select * from staging.evidence_pair
order by person_no, start_date nulls last, enrolment_no, instrument, version, score_id
"""
STRATUM = (
    "condition", "condition_group", "duration_band", "modality", "domain", *SCORE, "visit",
    "domain_rank", "declared_test", "clinic_id",
)  # fmt: skip


@dataclass(frozen=True)
class Pairs:
    """One entry per enrolment x score with a change; `strata` says what each stratum number stands for.

    There are a few hundred strata, so cells are worked out for them and not for every entry.
    """

    strata: pl.DataFrame
    stratum: Ints
    person: Ints
    improve: Floats
    base: Floats
    aval: Floats

    def among(self, kept: np.ndarray) -> "Pairs":
        """Entries of these strata (one truth value each)."""
        there = kept[self.stratum]
        return Pairs(
            self.strata, self.stratum[there], self.person[there], self.improve[there],
            self.base[there], self.aval[there],
        )  # fmt: skip


def read_pairs(connection: duckdb.DuckDBPyConnection) -> Pairs:
    """The rows of staging.evidence_pair."""
    return to_pairs(read_frame(connection, _PAIRS))


def to_pairs(rows: pl.DataFrame) -> Pairs:
    """Rows sorted by person, the first programme first."""
    stratum, strata = dense(*(rows[name] for name in STRATUM))
    # 3.3 - 2.3 and 2.3 - 1.3 are the same change: float noise must not make an SD.
    improve = np.round(numbers(rows["improve"]), 12)
    person = rows["person_no"].to_numpy().astype(np.int64)
    return Pairs(strata, stratum, person, improve, numbers(rows["base"]), numbers(rows["aval"]))
