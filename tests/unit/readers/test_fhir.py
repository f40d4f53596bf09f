"""FHIR beyond the golden pairs: pieces, bounds, the receipt, and which resource a mapping asks for."""

import json
from pathlib import Path
from typing import Any

import pytest

from flows.readers import fhir, fhir_stream
from schemas.errors import ExportUnreadable
from schemas.source import Dialect, Mapping


def response(n: int, **more: Any) -> dict[str, Any]:
    """A response with one answer."""
    item = {"linkId": "q1", "answer": [{"valueInteger": n % 4}]}
    return {"resourceType": "QuestionnaireResponse", "id": f"é{n}", "item": [item]} | more


def write_bundle(path: Path, resources: list[dict[str, Any]], indent: int | None = None) -> Path:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": r} for r in resources]}
    path.write_text(json.dumps(bundle, indent=indent, ensure_ascii=False), encoding="utf-8")
    return path


def rows(path: Path, *wanted: str, **dialect: Any) -> list[tuple[object, ...]]:
    batches = fhir.open_table(path, Dialect(**dialect), wanted).batches(wanted)
    return [row for batch in batches for row in batch.frame.iter_rows()]


@pytest.mark.parametrize("size", [1, 7, 64, 5000])
@pytest.mark.parametrize("indent", [None, 2])
def test_windows_of_any_size_give_the_same_elements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, indent: int | None
) -> None:
    """A figure, an escape or a letter may lie across two pieces."""
    responses = [response(n, note='"\\u00e9\\n{[' + "x" * n) for n in range(30)]
    monkeypatch.setattr(fhir_stream, "READ_CHARS", size)
    path = write_bundle(tmp_path / "b.json", responses, indent)
    assert rows(path, "id", "q1") == [(n + 1, f"é{n}", str(n % 4)) for n in range(30)]


def test_element_numbers_run_on_from_batch_to_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fhir, "BATCH_ROWS", 7)
    path = write_bundle(tmp_path / "b[1].json", [response(n) for n in range(20)])
    batches = list(fhir.open_table(path, Dialect(), ("id",)).batches(("id",)))
    assert [batch.frame.height for batch in batches] == [7, 7, 6]
    assert [line for batch in batches for line in batch.frame["line"]] == list(range(1, 21))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"resourceType":"Bundle","entry":[{"resource":{"id":"' + "x" * 9000, "more than 0 MB"),
        ("[" + '{"a":' * 100_000, "brackets nested without end"),
        ('{"resourceType":"Bundle","entry":[' + "[" * 100_000 + "]" * 100_000, "brackets nested"),
        ('{"a":"' + "x" * 800 + '","b":"' + "x" * 800 + '"}', "one resource of more than"),
        (
            '{"resourceType":"Bundle",\n"entry":[{"resource":{"id":tru}}]}',
            "one whole JSON document",
        ),
    ],
)
def test_what_would_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, words: str
) -> None:
    monkeypatch.setattr(fhir_stream, "READ_CHARS", 500)
    if "brackets" not in words:
        monkeypatch.setattr(fhir_stream, "MAX_OBJECT_BYTES", 1000)
    path = tmp_path / "b.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ExportUnreadable, match=words):
        rows(path, "id")


def test_brackets_without_end_on_a_line_break_that_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "b.ndjson"
    good = json.dumps(response(1))
    path.write_text(f"{good}\n{'[' * 100_000}\n{good}\n", encoding="utf-8")
    (batch,) = fhir.open_table(path, Dialect(), ("q1",)).batches(("q1",))
    assert batch.frame.rows() == [(1, "1"), (3, "1")]
    assert batch.broken.rows() == [(2, "not_json")]


def test_bytes_that_are_no_utf_8_are_told_by_their_element(tmp_path: Path) -> None:
    path = write_bundle(tmp_path / "b.json", [response(n) for n in range(3)])
    path.write_bytes(path.read_bytes().replace("é2".encode(), b"\xe92"))
    with pytest.raises(ExportUnreadable, match="not UTF-8"):
        rows(path, "id")


def test_the_receipt_says_what_was_passed_over_and_what_was_never_filled(tmp_path: Path) -> None:
    asked = {"questionnaire": "http://example.org/q|2"}
    patients = [{"resourceType": "Patient", "id": str(n)} for n in range(3)]
    path = write_bundle(tmp_path / "b.json", [*patients, response(1, **asked)])
    table = fhir.open_table(path, Dialect(), ())
    list(table.batches(("q1", "Q1")))
    assert table.columns is None
    assert table.receipt["passed over"] == "Patient 3"
    assert table.receipt["questionnaires"] == "http://example.org/q (1)"
    assert table.receipt["columns without any value"] == "Q1"


def mapping(table: str, columns: dict[str, Any], **dialect: str) -> Mapping:
    whole = {"clinic": "c", "table": table, "reader": "fhir", "dialect": dialect}
    survey = {"instruments": {"phq2": {"version": "2", "items": {"q1": "q1"}}}}
    return Mapping.model_validate(
        whole | {"columns": columns} | (survey if table == "survey" else {})
    )


def test_the_table_decides_which_resource_is_read(tmp_path: Path) -> None:
    plan = {"resourceType": "CarePlan", "id": "p", "period": {"start": "2026-01-05"}}
    observation = {"resourceType": "Observation", "id": "o"}
    path = write_bundle(tmp_path / "b.json", [response(1), observation, plan])
    measure = dict.fromkeys(("participant_id", "measured_at", "kind", "value", "unit"), "id")
    survey = mapping("survey", {"participant_id": "id"})
    enrolment = {"participant_id": "id", "condition_code": {"value": "neck_pain"}}
    asked = [
        (survey, "é1"),
        (mapping("measure", measure), "o"),
        (mapping("enrolment", enrolment, resource="CarePlan"), "p"),
    ]
    for mapped, found in asked:
        batches = fhir.open_table(path, mapped.dialect, ("id",)).batches(("id",))
        assert [row[1] for batch in batches for row in batch.frame.iter_rows()] == [found]
    with pytest.raises(ExportUnreadable, match="must be declared"):
        fhir.open_table(path, mapping("enrolment", enrolment).dialect, ("id",))
