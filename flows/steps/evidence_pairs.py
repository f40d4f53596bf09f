"""Changes at the primary visit as arrays: what is said of clinics, votes and bands starts from the same people."""

from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl

from flows.stats.moments import Floats, Ints
from flows.steps.infer_tables import SCORE, compact, dense, numbers, read_frame

_PAIRS = "select * from staging.evidence_pair"
_LEAF = ("stratum_no", "score_no", "visit_no")
_NAMES = """
select p.*, n.condition, n.condition_group, n.duration_band, n.modality, n.clinic_id,
    s.domain, s.instrument, s.version, s.score_id, s.domain_rank, s.declared_test, v.visit
from (select distinct stratum_no, score_no, visit_no from staging.evidence_pair) as p
join staging.outcome_stratum_name as n on n.stratum_no = p.stratum_no
join staging.outcome_score as s on s.score_no = p.score_no
join staging.outcome_visit as v on v.visit_no = p.visit_no
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
    # The first programme of a person comes first: where a person counts once, it is the one that counts.
    rows = read_frame(connection, _PAIRS).sort(
        "person_no", "start_date", "enrolment_no", "score_no", nulls_last=True
    )
    names = read_frame(connection, _NAMES).sort(_LEAF)
    leaf, _ = compact(_leaf_key(rows, names))
    return to_pairs(rows, leaf, names)


def _leaf_key(rows: pl.DataFrame, names: pl.DataFrame) -> Ints:
    """A number for each combination of stratum, score and visit, in the order of `names`."""
    key = np.zeros(rows.height, np.int64)
    for name in _LEAF:
        key = key * (int(names[name].max() or 0) + 1) + rows[name].to_numpy()  # type: ignore[arg-type]
    return key


def to_pairs(rows: pl.DataFrame, leaf: Ints, names: pl.DataFrame) -> Pairs:
    """Rows sorted by person, the first programme first; `leaf` is the row of `names` that each belongs to."""
    stratum_of, strata = dense(*(names[name] for name in STRATUM))
    # 3.3 - 2.3 and 2.3 - 1.3 are the same change: float noise must not make an SD.
    improve = np.round(numbers(rows["improve"]), 12)
    person = rows["person_no"].to_numpy().astype(np.int64)
    return Pairs(
        strata, stratum_of[leaf], person, improve, numbers(rows["base"]), numbers(rows["aval"])
    )
