"""PSS-10 and PHQ-9 against BioPsyKit, a program of other authors: `tests/golden/scores_biopsykit.csv`.

Stored, not run: it needs half a gigabyte of other packages (pandas, matplotlib, neurokit2, ...), too much for
a lock. Its HADS and PSQI are no oracle: it reverses other items of the HADS, and takes whole hours of sleep
only. Forms are complete, because it adds up what is there where an answer is missing.
"""

import csv
from pathlib import Path

from flows.steps.score import score_rows
from schemas.instrument import read_instruments, ref_rows

FILE = Path(__file__).parents[1] / "golden" / "scores_biopsykit.csv"
SCORES = {"pss10": ("total", "helplessness", "lack_self_efficacy"), "phq9": ("total",)}


def test_a_thousand_forms_score_as_an_independent_program_scores_them() -> None:
    with FILE.open(encoding="utf-8") as file:
        stored = list(csv.reader(line for line in file if not line.startswith("#")))
    assert len(stored) == 1000
    rows = [
        {"response_no": number, "instrument": instrument, "version": version,
         "answers": [float(digit) for digit in answers]}
        for number, (instrument, version, answers, _) in enumerate(stored)
    ]  # fmt: skip
    found = score_rows(rows, ref_rows(read_instruments(), {}))
    differing = [
        line
        for number, line in enumerate(stored)
        if found[number] != dict(zip(SCORES[line[0]], map(float, line[3].split()), strict=True))
    ]
    assert differing == []
