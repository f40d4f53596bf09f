"""`followthrough score` and the SELECTs under it: options, refusals, licences, totals of the source."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.steps.score import (
    SCORING_SQL,
    build_scores,
    load_responses,
    read_requests,
    score_requests,
)
from flows.steps.score_docs import PAGE, questionnaires_page
from flows.steps.score_ref import load_score_ref
from flows.steps.sql_files import SQL_ROOT, read_sql_file
from schemas.errors import UserError
from schemas.instrument import read_instruments, ref_rows

LICENCE = 'accepted_by = "a test"\ndate = 2026-01-01\nreference = "none"\n'
HADS = {f"q{n}": 0 for n in range(1, 15)}
GAD7 = {f"q{n}": 1 for n in range(1, 8)}
EQ5D = {"mo": 2, "sc": 1, "ua": 1, "pd": 1, "ad": 1, "vas": 70}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with licences for HADS and EQ-5D."""
    (tmp_path / "licences.toml").write_text(f"[hads]\n{LICENCE}[eq5d5l]\n{LICENCE}")
    return tmp_path


def add_value_set(data: Path, name: str, mo2: float) -> None:
    """A full table of two states."""
    (data / "value_sets").mkdir(exist_ok=True)
    (data / "value_sets" / f"{name}.csv").write_text(f"profile,index\n11111,1\n21111,{mo2}\n")


def score(data: Path | None, instrument: str, responses: Any, **options: Any) -> Any:
    """The scores of one request, or its error."""
    request = {"id": 1, "instrument": instrument, "responses": responses, "options": options}
    (result,) = score_requests([request], data)
    return result.get("error") or result["scores"]


@pytest.mark.parametrize(
    "request_, error",
    [
        ("words", "not_a_request"),
        ({"instrument": "nothing", "responses": {}}, "unknown_instrument"),
        ({"instrument": "gad7", "version": "8", "responses": {}}, "unknown_version"),
        ({"instrument": "gad7", "responses": [1, 2]}, "not_a_request"),
        ({"instrument": "gad7", "responses": {"q8": 1}}, "unknown_item"),
        ({"instrument": "gad7", "responses": GAD7 | {"q1": 4}}, "out_of_range"),
        ({"instrument": "gad7", "responses": GAD7 | {"q1": 0.5}}, "not_integer"),
        ({"instrument": "gad7", "responses": GAD7, "options": {"mising": "option"}}, "unknown_option"),
        ({"instrument": "peg", "responses": {}, "options": {"missing": "option"}}, "unknown_option"),
        ({"instrument": "gad7", "responses": {}, "options": {"coding_variant": "x"}}, "unknown_coding_variant"),
        ({"instrument": "ppt", "responses": {}, "options": {"unit": "bar"}}, "unknown_unit"),
        ({"instrument": "ppt", "responses": {}, "options": {"unit": "N"}}, "probe_cm2_needed"),
        ({"instrument": "vas_pain", "responses": {"q1": 0.4}, "options": {"unit": "fraction_0_1"}}, "unknown_unit"),
        ({"instrument": "hads", "responses": HADS}, "licence_not_accepted"),
    ],
)  # fmt: skip
def test_a_request_that_cannot_be_scored_says_why(request_: Any, error: str) -> None:
    (result,) = score_requests([request_], None)
    assert result["error"] == error


def test_answers_come_in_the_order_of_the_requests(data: Path) -> None:
    requests = [
        {"id": "a", "instrument": "gad7", "responses": GAD7},
        {"id": "b", "instrument": "gad7", "responses": {"q1": 9}},
        {"id": "c", "instrument": "hads", "version": "14", "responses": HADS},
    ]
    assert score_requests(requests, data) == [
        {"id": "a", "scores": {"total": 7.0}},
        {"id": "b", "error": "out_of_range"},
        {"id": "c", "scores": {"anxiety": 0.0, "depression": 0.0}},
    ]
    assert score_requests([], data) == []


def test_a_version_is_needed_where_there_are_two(data: Path) -> None:
    (data / "instruments").mkdir()
    text = Path(read_instruments()["gad7", "7"].path).read_text(encoding="utf-8")
    (data / "instruments" / "gad7.toml").write_text(text.replace('version = "7"', 'version = "7b"'))
    assert score(data, "gad7", GAD7) == "version_needed"
    request = {"id": 1, "instrument": "gad7", "version": "7b", "responses": GAD7}
    assert score_requests([request], data) == [{"id": 1, "scores": {"total": 7.0}}]


def test_a_coding_variant_is_undone(data: Path) -> None:
    options = {"coding_variant": "option_position_0_3"}
    # six of the seven anxiety items, but q7 and q9 list the worst first
    assert score(data, "hads", HADS, **options) == {"anxiety": 15, "depression": 9}
    shifted = {f"q{n}": 5 for n in range(1, 11)}
    plain = {f"q{n}": 4 for n in range(1, 11)}
    assert score(data, "pss10", shifted, coding_variant="coded_1_5") == score(data, "pss10", plain)
    assert score(data, "pss10", plain | {"q1": 0}, coding_variant="coded_1_5") == "out_of_range"
    assert score(data, "pgic", {"q1": 7}, coding_variant="best_is_7") == {"score": 1}


@pytest.mark.parametrize(
    "submitted, answers, value",
    [
        (True, {"q1": 1}, 1), (True, {}, 0), (False, {"q1": 1}, None), (None, {"q1": 1}, None),
        (None, {f"q{n}": 1 for n in range(1, 25)}, 24),
        (False, {f"q{n}": 1 for n in range(1, 25)}, None),
    ],
)  # fmt: skip
def test_a_blank_statement_is_a_no_on_a_submitted_form_only(
    submitted: bool | None, answers: dict[str, int], value: float | None
) -> None:
    options = {} if submitted is None else {"submitted": submitted}
    assert score(None, "rmdq", answers, **options) == {"score": value}


def test_missing_options_are_named(data: Path) -> None:
    five = {f"q{n}": 1 for n in range(1, 6)}
    assert score(data, "gad7", five) == {"total": None}
    assert score(data, "gad7", five, missing="option") == {"total": 7}
    eight = {f"q{n}": 5 for n in range(1, 9)}
    assert score(data, "ndi", eight) == {"percent": None}
    assert score(data, "ndi", eight, missing="option") == {"percent": 100}
    two = {"q13": 2, "q14": 1}
    assert score(data, "rand36", two, missing="half_scale")["role_physical"] == 50
    assert score(data, "rand36", {"q13": 2}, missing="half_scale")["role_physical"] is None
    assert score(data, "rand36", {"q13": 2})["role_physical"] == 100


def test_units_are_converted_to_those_of_the_items() -> None:
    assert score(None, "vas_pain", {"q1": 4.5}, unit="cm") == {"score": 45}
    assert score(None, "vas_pain", {"q1": 10.5}, unit="cm") == "out_of_range"
    trials = {"trial1": 2, "trial2": 4}
    kpa = score(None, "ppt", trials, unit="kgf/cm2")["kpa"]
    assert kpa == pytest.approx(294.1995)
    assert score(None, "ppt", {"trial1": 30}) == {"kpa": None}
    assert score(None, "ppt", trials, unit="N", probe_cm2=2) == {"kpa": 15}


def test_the_index_needs_a_value_set_and_names_it(data: Path) -> None:
    assert score(data, "eq5d5l", EQ5D) == {
        "profile": "21111", "level_sum": 6, "vas": 70, "index": None,
    }  # fmt: skip
    add_value_set(data, "Here", 0.9)
    assert score(data, "eq5d5l", EQ5D)["index"] == 0.9  # the only one needs no naming
    add_value_set(data, "There", 0.8)
    assert score(data, "eq5d5l", EQ5D)["index"] is None
    assert score(data, "eq5d5l", EQ5D, value_set="There")["index"] == 0.8
    assert score(data, "eq5d5l", EQ5D, value_set="Nowhere")["index"] is None
    blank = score(data, "eq5d5l", EQ5D | {"sc": None}, value_set="There")
    assert blank == {"profile": None, "level_sum": None, "vas": 70, "index": None}


def test_sleep_over_midnight_and_nights_without_length() -> None:
    night = {
        "bedtime": "22:30", "getup": "06:30", "latency_min": 15, "sleep_hours": 6.76, "quality": 0,
        "medication": 0, "drowsy": 0, "enthusiasm": 0, "dj": 3,
        **{f"d{letter}": 0 for letter in "abcdefghi"},
    }  # fmt: skip
    found = score(None, "psqi", night)  # 84.5 %
    assert (found["c4_efficiency"], found["c3_duration"], found["c5_disturbance"]) == (1, 1, 0)
    assert score(None, "psqi", night | {"sleep_hours": 6.8})["c4_efficiency"] == 0
    assert score(None, "psqi", night | {"sleep_hours": 9})["c4_efficiency"] == 0
    assert score(None, "psqi", night | {"sleep_hours": 7})["c3_duration"] == 1
    assert score(None, "psqi", night | {"sleep_hours": 7.01})["c3_duration"] == 0
    no_length = score(None, "psqi", night | {"getup": "22:30"})
    assert no_length["c4_efficiency"] is None and no_length["global"] is None
    assert score(None, "psqi", night | {"bedtime": "25:00"}) == "out_of_range"


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in the arrangement of a build, with HADS unlicensed."""
    with duckdb.connect(":memory:") as connection:
        connection.execute("attach ':memory:' as staging")
        connection.execute("create schema facts")
        load_score_ref(connection, ref_rows(read_instruments(), {}))
        yield connection


def facts(connection: duckdb.DuckDBPyConnection, columns: str) -> list[tuple[Any, ...]]:
    """`facts.fct_score` built and read."""
    build_scores(connection)
    query = f"select {columns} from facts.fct_score order by response_no, score_id"
    return connection.execute(query).fetchall()


def response(
    number: int, instrument: str, version: str, answers: list[Any] | None
) -> dict[str, Any]:
    """A row of staging.response."""
    return {
        "response_no": number, "clinic_id": "riverside", "instrument": instrument,
        "version": version, "answers": answers,
    }  # fmt: skip


def test_items_win_over_a_total_of_the_source(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = [response(1, "gad7", "7", [1.0] * 7), response(2, "gad7", "7", None)]
    load_responses(warehouse, rows)
    warehouse.execute("insert into staging.source_score values (1, 'total', 9), (2, 'total', 12)")
    columns = "value, scored_by, n_items, n_answered, is_prorated, missing_rule, band, null_reason"
    assert facts(warehouse, columns) == [
        (7, "followthrough", 7, 7, False, "complete_only", "mild", None),
        (12, "source", None, None, None, None, "moderate", None),
    ]


def test_an_unlicensed_questionnaire_is_not_scored_but_its_source_totals_stand(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    load_responses(warehouse, [response(1, "hads", "14", [1.0] * 14)])
    warehouse.execute("insert into staging.source_score values (1, 'anxiety', 9)")
    assert facts(warehouse, "score_id, value, scored_by, null_reason") == [
        ("anxiety", 9, "source", None),
        ("depression", None, "followthrough", "licence_not_accepted"),
    ]


def test_a_row_is_its_own_receipt(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = [
        response(1, "quickdash", "11", [2.0] * 10 + [None]),
        response(2, "promis29", "2.1", [3.0] * 28 + [None]),
        response(3, "peg", "3", [None, 1.0, 2.0]),
    ]
    load_responses(warehouse, rows)
    found = facts(
        warehouse,
        "response_no, score_id, value, n_answered, is_prorated, null_reason, t_table_version",
    )
    assert found[0] == (1, "score", 25, 10, True, None, None)
    assert found[-1] == (3, "score", None, 2, False, "too_few_answered", None)
    assert (2, "t_physical_function", 36.7, 4, False, None, "physical function v2.0 4a") in found
    hashes = facts(warehouse, "instrument, definition_sha256")
    assert {one[1] for one in hashes if one[0] == "peg"} == {
        read_instruments()["peg", "3"].definition_sha256
    }


@pytest.mark.parametrize(
    "instrument, version, answers, band",
    [
        ("ndi", "1991", [2.0, 2.0] + [0.0] * 8, "none"),  # 8 %: closed on the right
        ("ndi", "1991", [5.0] + [0.0] * 9, "mild"),
        ("gad7", "7", [3.0, 3.0, 3.0] + [0.0] * 4, "mild"),
        ("gad7", "7", [3.0, 3.0, 3.0, 1.0, 0.0, 0.0, 0.0], "moderate"),
        ("fss", "9", [4.0] * 9, "fatigue (>=4)"),
        ("who5", "1998", [1.0, 2.0, 2.0, 1.0, 1.0], "possible clinical depression (<=28)"),
        ("nrs_pain", "0-10", [0.0], "none"),
    ],
)  # fmt: skip
def test_bands(
    warehouse: duckdb.DuckDBPyConnection,
    instrument: str,
    version: str,
    answers: list[float],
    band: str,
) -> None:
    load_responses(warehouse, [response(1, instrument, version, answers)])
    assert band in [row[0] for row in facts(warehouse, "band")]


@pytest.mark.parametrize("name", SCORING_SQL)
def test_the_header_names_the_columns_in_their_order(
    warehouse: duckdb.DuckDBPyConnection, name: str
) -> None:
    load_responses(warehouse, [])
    assert facts(warehouse, "*") == []
    file = read_sql_file(SQL_ROOT / name)
    described = warehouse.execute(f"select * from {file.name}").description
    assert [column[0] for column in described] == list(file.columns)


def test_requests_are_read_bare_or_as_vectors(tmp_path: Path) -> None:
    path = tmp_path / "requests.json"
    path.write_text(json.dumps([{"id": 1}]))
    assert read_requests(path) == [{"id": 1}]
    path.write_text(json.dumps({"vectors": [{"id": 2}]}))
    assert read_requests(path) == [{"id": 2}]
    for wrong in ("{}", "[", "1"):
        path.write_text(wrong)
        with pytest.raises(UserError):
            read_requests(path)


def test_scoring_loads_no_orchestrator_and_no_gate() -> None:
    code = "import sys, flows.steps.score; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"prefect", "great_expectations", "pandera"} & set(loaded.stdout.split())


def test_the_page_of_questionnaires_is_fresh() -> None:
    """If this fails: python -m flows.steps.score_docs"""
    assert PAGE.read_text(encoding="utf-8") == questionnaires_page(read_instruments())
