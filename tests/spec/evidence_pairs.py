"""Rows of staging.evidence_pair by hand, for tests that start at the inference step."""

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

from flows.steps.evidence_pairs import STRATUM, Pairs, to_pairs
from flows.steps.infer_tables import dense

NRS = ("nrs_pain", "0-10", "score")
VAS = ("vas_pain", "100mm", "score")
RANK = {NRS: 1, VAS: 2}


class Cohorts:
    """People added cohort by cohort; each is a new person unless told otherwise."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        self.n_people = 0

    def add(
        self, clinic: str, improve: Sequence[float], *, condition: str = "knee_oa", band: str = "w4",
        modality: str = "self_massage_only", score: tuple[str, str, str] = NRS,
        persons: Sequence[int] | None = None, base: Sequence[float] | None = None, days_later: int = 0,
    ) -> list[int]:  # fmt: skip
        """One cohort; returns its people."""
        told = range(self.n_people, self.n_people + len(improve)) if persons is None else persons
        self.n_people += len(improve) if persons is None else 0
        for place, (person, change) in enumerate(zip(told, improve, strict=True)):
            before = 5.0 + place % 4 if base is None else base[place]
            self.rows.append({
                "enrolment_no": len(self.rows), "person_no": person,
                "start_date": date(2026, 1, 5) + timedelta(days=days_later),
                "clinic_id": clinic, "condition": condition, "condition_group": "group",
                "duration_band": band, "modality": modality, "domain": "pain_intensity",
                "domain_rank": RANK[score], "instrument": score[0], "version": score[1],
                "score_id": score[2], "visit": "EOP", "declared_test": "wilcoxon",
                "improve": float(change), "base": float(before), "aval": float(before - change),
            })  # fmt: skip
        return list(told)

    def pairs(self) -> Pairs:
        rows = pl.DataFrame(self.rows, infer_schema_length=None)
        rows = rows.sort("person_no", "start_date", "enrolment_no", "instrument")
        return to_pairs(rows, *dense(*(rows[name] for name in STRATUM)))
