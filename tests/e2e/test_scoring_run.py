"""A survey export through a whole run against the same answers through `followthrough score`.

Each (questionnaire, options) is one source with its own mapping; each request one person and one row. What the
command calls an error, the run must refuse by the same name; what it scores, the run must score alike.
"""

import csv
import json
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flows.steps.score import score_requests
from schemas.instrument import read_instruments
from tests.exports import Clinic, read, run

SHARED = Path(os.environ.get("FOLLOWTHROUGH_SHARED", Path(__file__).parents[3] / "shared"))
VECTORS = SHARED / "vectors" / "scoring.json"
INSTRUMENTS = read_instruments()
SCORES = """
    select r.source_id, r.line, s.score_id, coalesce(s.value_text, s.value::varchar) as value
    from facts.fct_score as s
    join staging.survey_response as r on r.response_no = s.response_no
"""


@dataclass
class Case:
    """A request of `score`, and the same form as a clinic exports it: its words, its codes of them."""

    instrument: str
    responses: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    cells: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, float] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """Mapping of the export; what differs by form stands in a column instead."""
        lines = [f"[instruments.{self.instrument}]", f'version = "{self.version}"']
        items = ", ".join(f'{item} = "item_{item}"' for item in self.item_ids)
        lines.append(f"items = {{ {items} }}")
        options = {
            k: v for k, v in self.options.items() if k not in ("submitted", "coding_variant")
        }
        if "coding_variant" in self.options:
            lines.append(f'coding_variant = "{self.options["coding_variant"]}"')
        lines.append(
            f"options = {{ {', '.join(f'{k} = {json.dumps(v)}' for k, v in options.items())} }}"
        )
        if self.codes:
            lines.append(f"[instruments.{self.instrument}.codes]")
            lines += [f"{json.dumps(word)} = {code}" for word, code in self.codes.items()]
        return "\n".join(lines)

    @property
    def version(self) -> str:
        return next(version for name, version in INSTRUMENTS if name == self.instrument)

    @property
    def item_ids(self) -> tuple[str, ...]:
        return INSTRUMENTS[self.instrument, self.version].item_ids

    def row(self, number: int) -> dict[str, str]:
        """The form as a row of the export."""
        submitted = self.options.get("submitted")
        status = "" if submitted is None else "completed" if submitted else "in-progress"
        cells = {f"item_{name}": as_cell(self.responses.get(name)) for name in self.item_ids}
        cells |= {f"item_{name}": cell for name, cell in self.cells.items()}
        return {"person": f"P{number}", "when": "2026-01-04 09:00", "status": status} | cells


def as_cell(value: Any) -> str:
    """An answer as a CSV holds it."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def accept_licences(data: Path) -> None:
    """All of them, for this folder."""
    stated = 'accepted_by = "a test"\ndate = 2026-01-01\nreference = "none"\n'
    text = "".join(f"[{name}]\n{stated}" for name, _ in INSTRUMENTS)
    (data / "licences.toml").write_text(text, encoding="utf-8")


def scores_of_a_run(cases: Sequence[Case], data: Path) -> list[dict[str, Any]]:
    """Per case `{scores}` or `{error}`, as the run tells them."""
    clinic, sources = Clinic("riverside", date(2026, 3, 31)), defaultdict(list)
    for number, case in enumerate(cases):
        clinic.enrol(f"P{number}", start_date="2026-01-05")
        sources[case.source].append(number)
    clinic.write(data)
    places = {}
    for k, (mapping, numbers) in enumerate(sources.items()):
        write_survey(data / f"raw/riverside/form_{k}", mapping, [cases[n].row(n) for n in numbers])
        places |= {(f"form_{k}", line): n for line, n in enumerate(numbers, start=2)}
    with run(data) as connection:
        found: list[dict[str, Any]] = [{"scores": {}} for _ in cases]
        for row in read(connection, SCORES):
            number = places[row["source_id"], row["line"]]
            found[number]["scores"][row["score_id"]] = row["value"]
        for row in read(connection, "select source_id, line, rule_id from ops.refused_row"):
            assert found[places[row["source_id"], row["line"]]] in (
                {"scores": {}},
                {"error": row["rule_id"]},
            )
            found[places[row["source_id"], row["line"]]] = {"error": row["rule_id"]}
    return found


def write_survey(folder: Path, mapping: str, rows: list[dict[str, str]]) -> None:
    """One source: its mapping and its only export."""
    folder.mkdir(parents=True)
    with (folder / "export.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    head = """
        clinic = "riverside"
        table = "survey"
        reader = "csv"
        files = "*.csv"
        exported_at = "fixed:2026-03-31"
        timezone = "Europe/Berlin"
        dialect = { encoding = "utf-8", delimiter = ",", decimal = ".", date_order = "ymd" }
        columns = { participant_id = "person", completed_at = "when", status = "status" }
    """
    text = "\n".join(line.strip() for line in head.strip().splitlines()) + "\n" + mapping
    (folder / "source.toml").write_text(text, encoding="utf-8")


def check_equal(cases: Sequence[Case], data: Path) -> list[dict[str, Any]]:
    """Run both ways; the run writes `answer_<rule>` where the command says `<rule>`."""
    accept_licences(data)
    requests = [
        {"instrument": c.instrument, "responses": c.responses, "options": c.options} for c in cases
    ]
    told = score_requests(requests, data)
    for number, (command, ran) in enumerate(zip(told, scores_of_a_run(cases, data), strict=True)):
        if "error" in command:
            assert ran == {"error": f"answer_{command['error']}"}, cases[number]
            continue
        expected = command["scores"]
        texts = {k: v if v is None or isinstance(v, str) else repr(v) for k, v in expected.items()}
        assert ran == {"scores": texts}, cases[number]
    return told


@pytest.mark.shared_data
def test_every_published_vector_scores_in_a_run_as_by_the_command(tmp_path: Path) -> None:
    if not VECTORS.exists():
        pytest.skip("no shared data")
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"]
    cases = [Case(v["instrument"], v["responses"], v["options"]) for v in vectors]
    told = check_equal(cases, tmp_path)
    assert len(told) == len(vectors)
    assert sum("error" in one for one in told) == sum("expected_error" in v for v in vectors)


NIGHT = {"bedtime": "23:30", "getup": "07:00", "latency_min": 45, "sleep_hours": 6.5, "quality": 1,
         "medication": 0, "drowsy": 1, "enthusiasm": 0, "dj": 2, "dj_comment_present": True,
         **{f"d{letter}": 1 for letter in "abcdefghi"}}  # fmt: skip
WORDS = {"never": 0, "some days": 1, "most days": 2, "nearly every day": 3}
GAD7 = {f"q{n}": n % 4 for n in range(1, 8)}
CASES = [
    # the clinic's words for the options, some of them left out
    Case("gad7", GAD7, cells={q: list(WORDS)[code] for q, code in GAD7.items()}, codes=WORDS),
    Case("gad7", GAD7 | {"q1": None}, cells={q: list(WORDS)[c] for q, c in GAD7.items() if q != "q1"},
         codes=WORDS),
    Case("gad7", GAD7 | {"q7": 4}, codes=WORDS),
    Case("gad7", {f"q{n}": 1 for n in range(1, 6)}, {"missing": "option"}),
    # other codes
    Case("pss10", {f"q{n}": n % 5 + 1 for n in range(1, 11)}, {"coding_variant": "coded_1_5"}),
    Case("pss10", {f"q{n}": n % 5 for n in range(1, 11)}, {"coding_variant": "coded_1_5"}),
    Case("hads", {f"q{n}": n % 4 for n in range(1, 15)}, {"coding_variant": "option_position_0_3"}),
    Case("who5", {f"q{n}": n % 6 for n in range(1, 6)}, {"coding_variant": "option_position_0_5"}),
    Case("quickdash", {f"q{n}": n % 5 for n in range(1, 11)}, {"coding_variant": "coded_0_4"}),
    Case("pgic", {"q1": 6}, {"coding_variant": "best_is_7"}),
    # units
    Case("vas_pain", {"q1": 4.5}, {"unit": "cm"}),
    Case("vas_pain", {"q1": 10.5}, {"unit": "cm"}),
    Case("ppt", {"trial1": 2.1, "trial3": 2.5}, {"unit": "kgf/cm2"}),
    Case("ppt", {"trial1": 30, "trial2": 31, "trial3": 35}, {"unit": "N", "probe_cm2": 0.5}),
    # clock times, spans, ticks
    Case("psqi", NIGHT),
    Case("psqi", NIGHT, cells={"bedtime": "11:30 pm", "getup": "07:00:00", "dj_comment_present": "Yes"}),
    Case("psqi", NIGHT | {"latency_min": "30 to 60", "sleep_hours": "6-7"}),
    Case("psqi", NIGHT | {"dj_comment_present": "no"}),
    Case("psqi", NIGHT | {"dj_comment_present": None, "getup": None}),
    Case("psqi", NIGHT | {"bedtime": "25:00"}),
    Case("psqi", NIGHT | {"bedtime": "930"}),
    Case("psqi", NIGHT | {"quality": "1 to 2"}),
    # what no figure is, and what no range holds
    Case("nrs_pain", {"q1": "strong"}),
    Case("nrs_pain", {"q1": "inf"}),
    Case("nrs_pain", {"q1": "1_0"}),
    Case("nrs_pain", {"q1": 11}),
    Case("nrs_pain", {"q1": 3.5}),
    Case("nrs_pain", {"q1": " 3 "}),
    # a blank is a no on a form that was handed in
    Case("rmdq", {"q1": 1, "q9": 1}, {"submitted": True}),
    Case("rmdq", {"q1": 1, "q9": 1}, {"submitted": False}),
    Case("rmdq", {"q1": 1, "q9": 1}),
]  # fmt: skip


def test_words_codes_units_and_times_mean_the_same_in_a_run_and_by_the_command(
    tmp_path: Path,
) -> None:
    told = check_equal(CASES, tmp_path)
    assert told[0]["scores"] == {"total": 12.0}  # 1 + 2 + 3 + 0 + 1 + 2 + 3
    assert told[1]["scores"] == {"total": None}
    assert [one["error"] for one in told if "error" in one] == [
        "out_of_range", "out_of_range", "out_of_range", "out_of_range", "not_a_number", "not_a_number",
        "not_a_number", "not_a_number", "not_a_number", "out_of_range", "not_integer",
    ]  # fmt: skip
