"""The generated pages: not stale, and nothing that can be queried or mapped is left out."""

import re

import duckdb
import pytest

from flows.steps.dictionary import (
    PAGES,
    dictionary_page,
    empty_building,
    read_types,
    rules_page,
)
from flows.steps.warehouse import finish
from schemas.rules import read_rules
from schemas.source import OPTIONAL, REQUIRED
from tests.house import check_none, place


@pytest.fixture(scope="module")
def page():
    return dictionary_page()


def section(page: str, heading: str) -> str:
    """What stands under a heading."""
    found = re.search(
        rf"^### {re.escape(heading)}\n(.*?)(?=^##|\Z)", page, re.DOTALL | re.MULTILINE
    )
    assert found, f"no section {heading}"
    return found[1]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_committed_page_is_not_stale(path):
    """If this fails: python -m flows.steps.dictionary"""
    assert path.read_text(encoding="utf-8") == PAGES[path](), (
        f"{place(path)}: run python -m flows.steps.dictionary"
    )


def test_every_column_that_can_be_queried_is_told(page):
    types = read_types()
    assert len({table for table, _ in types}) > 20
    for table, column in types:
        assert f"| `{column}` | " in section(page, table), (table, column)


def test_types_are_those_of_duckdb(page):
    told = section(page, "marts.mart_outcome")
    assert "| `n_pair` | BIGINT |" in told
    assert "| `improve_mean` | DOUBLE |" in told


def test_every_column_that_can_be_mapped_is_told(page):
    for table in REQUIRED:
        for column in (*REQUIRED[table], *OPTIONAL[table]):
            assert f"| `{column}` | " in section(page, table), (table, column)
    assert "| `minutes` | number in min | more than 0, at most 240 | length |" in section(
        page, "session"
    )


def test_who_sees_a_mart_is_told(page):
    assert "Analyst only." in section(page, "marts.mart_worklist")
    assert "Also in the dashboard's database." in section(page, "marts.mart_adherence")
    assert "dashboard" not in section(page, "facts.fct_enrolment")


def test_every_rule_is_told():
    page = rules_page()
    check_none(name for name in read_rules() if f"| `{name}` | " not in page)


def test_comments_of_the_warehouse_are_the_same_words(page, tmp_path):
    """COMMENT ON and the page come from the same header."""
    with empty_building(tmp_path) as connection:
        finish(connection)
    with duckdb.connect(str(tmp_path / "analyst.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select schema_name || '.' || table_name, column_name, comment from duckdb_columns() where not internal"
        ).fetchall()
    check_none(f"{table}.{column} has no comment" for table, column, comment in rows if not comment)
    for table, column, comment in rows:
        assert f"| `{column}` | " in section(page, table)
        assert not comment or f" | {comment.replace('|', '/')} |\n" in section(page, table)
