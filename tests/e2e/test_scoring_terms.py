"""What stands between answers and a figure in a mart: licences, definitions, value sets, one meaning per score."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.steps.sql_files import SQL_ROOT, read_sql_file
from tests.exports import NOW, Clinic, read, run
from tests.value_sets import write_published

STIFFNESS = """
id = "stiffness"
name = "Morning stiffness"
version = "own"
domain = "stiffness"
items = [{ id = "q1", min = 0, max = 10 }]
[scores.score]
method = "sum_scaled"
multiply = 1
items = ["q1"]
direction = "higher_worse"
range = [0, 100]
"""
HADS = {f"q{n}": f"hads_{n}" for n in range(1, 15)}
EQ5D = {item: f"eq_{item}" for item in ("mo", "sc", "ua", "pd", "ad")}
SCORES = """
    select instrument, score_id, value, null_reason, definition_sha256, value_set
    from facts.fct_score order by all
"""
FIGURES = "select instrument, score_id, n_visit, visit_mean from marts.mart_outcome where n_visit > 0 order by all"


def write_clinic(data: Path, name: str, value_set: str) -> None:
    """Two people with HADS, EQ-5D and a questionnaire of their own, before and after four weeks."""
    clinic = Clinic(name, date(2026, 3, 31))
    clinic.instruments = {
        "stiffness": ("own", {"q1": "stiff"}), "hads": ("14", HADS), "eq5d5l": ("5L", EQ5D),
    }  # fmt: skip
    for person in ("A", "B"):
        clinic.enrol(person, start_date="2026-01-05")
        for when, level in (("2026-01-04", 2), ("2026-02-02", 1)):
            answers = dict.fromkeys(HADS.values(), level) | dict.fromkeys(EQ5D.values(), level)
            clinic.ask(person, f"{when} 09:00", stiff=3 * level, **answers)
    clinic.write(data)
    path = data / "raw" / name / "survey/source.toml"
    told = path.read_text(encoding="utf-8") + f'options = {{ value_set = "{value_set}" }}\n'
    path.write_text(told, encoding="utf-8")


def accept(data: Path, *names: str) -> None:
    """Licences of this data folder."""
    stated = 'accepted_by = "a test"\ndate = 2026-01-01\nreference = "none"\n'
    text = "".join(f"[{name}]\n{stated}" for name in names)
    (data / "licences.toml").write_text(text, encoding="utf-8")


def build(data: Path, hour: int) -> dict[str, Any]:
    """The next run, and what came of it."""
    with run(data, now=NOW + timedelta(hours=hour)) as connection:
        mixed = read(connection, read_sql_file(SQL_ROOT / "checks/version_mixed.sql").select)
        (one,) = read(connection, "select release_id from ref.run")
        return {
            "scores": read(connection, SCORES), "figures": read(connection, FIGURES),
            "mixed": mixed, "release": one["release_id"],
        }  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Any]]]:
    """One data folder run again after each change of what it says about scoring."""
    data = tmp_path_factory.mktemp("data")
    write_clinic(data, "riverside", "England")
    write_clinic(data, "hillside", "Netherlands")
    (data / "instruments").mkdir()
    (data / "instruments/stiffness.toml").write_text(STIFFNESS, encoding="utf-8")
    found = {"without licence": build(data, 0)}
    accept(data, "hads", "eq5d5l")
    found["licensed"] = build(data, 1)
    edited = STIFFNESS.replace("multiply = 1", "multiply = 10")
    (data / "instruments/stiffness.toml").write_text(edited, encoding="utf-8")
    for name in ("England", "Netherlands"):
        write_published(data / "value_sets", name)
    found["edited"] = build(data, 2)
    yield found


def rows(told: dict[str, Any], instrument: str) -> list[dict[str, Any]]:
    return [row for row in told["scores"] if row["instrument"] == instrument]


def test_without_a_licence_there_is_a_reason_instead_of_a_value(runs: dict[str, Any]) -> None:
    told = runs["without licence"]
    for instrument, n_scores in (("hads", 2), ("eq5d5l", 4)):
        found = rows(told, instrument)
        assert len(found) == 8 * n_scores
        assert {(row["value"], row["null_reason"]) for row in found} == {
            (None, "licence_not_accepted")
        }
    assert {row["instrument"] for row in told["figures"]} == {"stiffness"}


def test_accepting_it_scores_all_history_at_the_next_run(runs: dict[str, Any]) -> None:
    told = runs["licensed"]
    assert told["release"] > runs["without licence"]["release"]
    assert {row["value"] for row in rows(told, "hads")} == {7.0, 14.0}
    assert {row["instrument"] for row in told["figures"]} == {"stiffness", "hads", "eq5d5l"}
    assert rows(told, "stiffness") == rows(runs["without licence"], "stiffness")


def test_an_index_without_its_value_set_says_so(runs: dict[str, Any]) -> None:
    found = [row for row in rows(runs["licensed"], "eq5d5l") if row["score_id"] == "index"]
    assert {(row["value"], row["null_reason"]) for row in found} == {(None, "no_value_set")}
    assert "index" not in {row["score_id"] for row in runs["licensed"]["figures"]}
    assert runs["licensed"]["mixed"] == []


def test_an_edited_questionnaire_scores_all_history_again(runs: dict[str, Any]) -> None:
    before, after = rows(runs["licensed"], "stiffness"), rows(runs["edited"], "stiffness")
    assert runs["edited"]["release"] > runs["licensed"]["release"]
    assert [row["value"] for row in after] == [10 * row["value"] for row in before]
    hashes = [{row["definition_sha256"] for row in told} for told in (before, after)]
    assert [len(one) for one in hashes] == [1, 1] and hashes[0] != hashes[1]
    assert rows(runs["edited"], "hads") == rows(runs["licensed"], "hads")


def test_two_value_sets_in_one_score_are_found_before_publishing(runs: dict[str, Any]) -> None:
    index = [row for row in rows(runs["edited"], "eq5d5l") if row["score_id"] == "index"]
    # state 22222: 1 - .058 - .050 - .050 - .063 - .078, and .953 - .035 - .038 - .039 - .066 - .070
    values = {(row["value_set"], round(row["value"], 3)) for row in index}
    assert values == {
        ("England", 0.701), ("England", 1.0), ("Netherlands", 0.705), ("Netherlands", 1.0),
    }  # fmt: skip
    assert runs["edited"]["mixed"] == [
        {"instrument": "eq5d5l", "version": "5L", "score_id": "index", "mixed": "value set"}
    ]


@pytest.mark.parametrize(
    "other, mixed",
    [
        ("(2, 'a', '1', 's', 'hash', null, null)", []),
        ("(2, 'a', '2', 's', 'hash', null, null)", ["version"]),
        ("(2, 'a', '1', 's', 'other', null, null)", ["definition"]),
        ("(2, 'a', '1', 's', 'hash', 'v2', 'England')", ["T-score table, value set"]),
    ],
)
def test_what_counts_as_mixed(other: str, mixed: list[str]) -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema facts")
        connection.execute(
            "create table facts.fct_outcome as select * from (values (1, 'a', '1', 's'), "
            "(2, 'a', '1', 's'), (null, 'a', '1', 's')) as t(response_no, instrument, version, score_id)"
        )
        connection.execute(
            "create table facts.fct_score as select * from (values "
            f"(1, 'a', '1', 's', 'hash', null::varchar, null::varchar), {other}) as t(response_no, instrument, version, "
            "score_id, definition_sha256, t_table_version, value_set)"
        )
        check = read_sql_file(SQL_ROOT / "checks/version_mixed.sql").select
        assert [row["mixed"] for row in read(connection, check)] == mixed
