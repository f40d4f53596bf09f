"""FHIR through a run: 45 PHQ-9 of the STU3 sample with totals that contradict their items; pain as Observations."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.steps.ledger import read_ledger
from flows.steps.pipeline import build_release, ingest_all
from tests.exports import NOW
from tests.real.raw_truth import SHARED

pytestmark = [
    pytest.mark.slow,
    pytest.mark.shared_data,
    pytest.mark.skipif(not SHARED.is_dir(), reason="no example exports; set FOLLOWTHROUGH_SHARED"),
]
KIT = SHARED / "format_kit" / "fhir"
PHQ9 = KIT / "fhir_ahrq_phq9_stu3" / "ahrq-depression-patient-phq9.json"
PAIN = KIT / "synthea_R4_Observation_pain_severity.ndjson"

SURVEY = """
clinic = "ahrq"
table = "survey"
reader = "fhir"
files = "*.json"
exported_at = "fixed:2021-12-31"
timezone = "UTC"
[columns]
participant_id = "subject.reference"
response_id = "id"
completed_at = "authored"
status = "status"
[instruments.phq9]
version = "9"
items = { q1 = "1", q2 = "2", q3 = "3", q4 = "4", q5 = "5", q6 = "6", q7 = "7", q8 = "8", q9 = "9" }
scores = { total = "10" }
"""
MEASURE = """
clinic = "ahrq"
table = "measure"
reader = "fhir"
files = "*.ndjson"
exported_at = "fixed:2021-12-31"
timezone = "UTC"
[columns]
participant_id = "subject.reference"
measured_at = "effectiveDateTime"
kind = { value = "pain_0_10" }
value = "valueQuantity.value"
unit = "valueQuantity.unit"
[dialect]
code = "http://loinc.org|72514-3"
"""
ENROLMENT = """
clinic = "ahrq"
table = "enrolment"
reader = "csv"
exported_at = "fixed:2021-12-31"
timezone = "UTC"
[columns]
participant_id = "id"
condition_code = { value = "depression" }
start_date = "start"
plan_type = { value = "open_ended" }
"""


def responses() -> list[dict[str, Any]]:
    """The sample's responses as the standard library reads them."""
    entries = json.loads(PHQ9.read_text(encoding="utf-8"))["entry"]
    found = [entry["resource"] for entry in entries]
    return [r for r in found if r["resourceType"] == "QuestionnaireResponse"]


def score(item: dict[str, Any]) -> float:
    (answer,) = item["answer"]
    value = answer.get("valueCoding", answer)
    figures = [e["valueDecimal"] for e in value.get("extension", ()) if "valueDecimal" in e]
    return float(figures[0] if figures else next(v for k, v in answer.items() if k != "extension"))


def contradictory() -> list[str]:
    """Ids of the responses whose total is not the sum of their items."""
    wrong = []
    for response in responses():
        scores = {item["linkId"]: score(item) for item in response["item"]}
        if sum(v for k, v in scores.items() if k != "10") != scores["10"]:
            wrong.append(response["id"])
    return wrong


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fhir")
    people = sorted({r["subject"]["reference"] for r in responses()})
    exports = {
        "survey": (SURVEY, "phq9.json", PHQ9.read_text(encoding="utf-8")),
        "pain": (MEASURE, "pain.ndjson", PAIN.read_text(encoding="utf-8")),
        "enrolment": (
            ENROLMENT,
            "people.csv",
            "id,start\n" + "".join(f"{person},2019-01-01\n" for person in people),
        ),
    }
    for name, (mapping, file, content) in exports.items():
        source = folder / "raw/ahrq" / name
        source.mkdir(parents=True)
        (source / "source.toml").write_text(mapping, encoding="utf-8")
        (source / file).write_text(content, encoding="utf-8")
    assert ingest_all(folder).problems == []
    assert build_release(folder, None, NOW, with_gate=False).release_id is not None
    return folder


@pytest.fixture(scope="module")
def analyst(data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(data / "warehouse/analyst.duckdb"), read_only=True) as connection:
        yield connection


def test_every_response_is_scored_from_its_items(analyst: duckdb.DuckDBPyConnection) -> None:
    """The items win over the total that the sender computed."""
    expected = sorted(
        sum(score(item) for item in response["item"] if item["linkId"] != "10")
        for response in responses()
    )
    found = analyst.execute(
        "select value from facts.fct_score where instrument = 'phq9' and score_id = 'total' order by value"
    ).fetchall()
    assert [value for (value,) in found] == expected
    assert len(found) == 45


def test_other_resources_are_counted_by_type(data: Path) -> None:
    (survey,) = (f for f in read_ledger(data / "warehouse").files if f["table"] == "survey")
    assert survey["dialect"]["passed over"] == "Patient 19"
    assert (survey["rows_read"], survey["rows_landed"], survey["rows_ignored"]) == (64, 45, 19)


def test_totals_that_contradict_their_items_are_found(analyst: duckdb.DuckDBPyConnection) -> None:
    """7 of 45; three of them lie above the maximum of 27."""
    entries = json.loads(PHQ9.read_text(encoding="utf-8"))["entry"]
    ids = [entry["resource"]["id"] for entry in entries]
    wrong = contradictory()
    assert len(wrong) == 7
    found = analyst.execute(
        "select line from ops.refused_row where rule_id = 'total_mismatch' order by line"
    ).fetchall()
    assert [ids[line - 1] for (line,) in found] == [id_ for id_ in ids if id_ in wrong]


def test_pain_observations_are_landed_with_their_decimals(data: Path) -> None:
    (pain,) = (f for f in read_ledger(data / "warehouse").files if f["table"] == "measure")
    expected = [json.loads(line) for line in PAIN.read_text(encoding="utf-8").splitlines()]
    assert (pain["rows_landed"], pain["rows_refused"]) == (len(expected), 0)
    landed = duckdb.sql(
        "select line, value, kind from read_parquet($p) order by line",
        params={"p": str(data / "warehouse/parquet/measure/**/*.parquet")},
    ).fetchall()
    assert landed == [
        (n, observation["valueQuantity"]["value"], "pain_0_10")
        for n, observation in enumerate(expected, 1)
    ]
