"""The SQL files: how a header is read, and that every header tells the truth about what its SELECT builds."""

import re
from pathlib import Path

import duckdb
import pytest

from flows.steps.dictionary import empty_building, read_types
from flows.steps.sql_files import SQL_ROOT, SqlFile, build_table, find_sql_files, read_sql_file
from schemas.reference import read_reference_tables
from tests.house import ROOT, check_none, place, text_of

SCHEMAS = ("staging", "facts", "marts", "ops")
MAX_LINES = 120
SAMPLE = """\
-- One row per visit.
-- Why it is so.
-- key: clinic_id, visit
-- scale: participant_key
-- as: view
-- columns:
--   clinic_id  clinic
--   visit      its visit
-- published
with
-- A comment inside the SELECT tells nothing about the table.
seen as (select * from staging.response)

select clinic_id, visit
from seen -- join facts.not_read
join facts.fct_outcome using (visit)
"""


def all_files() -> list[SqlFile]:
    return [read_sql_file(path) for path in sorted(SQL_ROOT.rglob("*.sql"))]


def built_files() -> list[SqlFile]:
    """Those that build a table or view; checks are run, not built."""
    return [file for file in all_files() if file.path.parent.name != "checks"]


def code_of(file: SqlFile) -> str:
    """The SELECT without comments and words in quotes."""
    return re.sub(r"'[^']*'", "''", re.sub(r"--.*", "", file.select))


@pytest.fixture(scope="module")
def building(tmp_path_factory):
    with empty_building(tmp_path_factory.mktemp("empty")) as connection:
        yield connection


@pytest.fixture
def sample(tmp_path):
    path = tmp_path / "marts" / "mart_visit.sql"
    path.parent.mkdir()
    path.write_text(SAMPLE, encoding="utf-8")
    return read_sql_file(path)


def test_header_is_read(sample):
    assert sample.name == "marts.mart_visit"
    assert sample.key == ("clinic_id", "visit")
    assert sample.columns == {"clinic_id": "clinic", "visit": "its visit"}
    assert sample.is_view
    assert sample.is_published


def test_description_ends_with_the_header(sample):
    """What a comment inside the SELECT says is for those who read the SQL, not for COMMENT ON."""
    assert sample.description == "One row per visit. Why it is so."


def test_reads_are_the_names_after_from_and_join(sample):
    assert sample.reads == {"staging.response", "facts.fct_outcome"}


def test_staging_is_published_only_where_it_says_so(tmp_path):
    path = tmp_path / "staging" / "secret.sql"
    path.parent.mkdir()
    path.write_text(SAMPLE.replace("-- published\n", ""), encoding="utf-8")
    assert not read_sql_file(path).is_published


def test_files_come_after_what_they_read():
    done: set[str] = set()
    for file in find_sql_files(*SCHEMAS):
        assert not file.reads & {f.name for f in built_files()} - done, file.name
        done.add(file.name)


def test_a_table_is_built_under_its_name():
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        path = SQL_ROOT / "marts" / "none.sql"
        build_table(
            connection, SqlFile(path, "marts.none", "", (), {}, False, True, "select 1 as n")
        )
        assert connection.execute("select n from marts.none").fetchall() == [(1,)]


def test_every_header_is_complete():
    check_none(
        (
            f"{place(f.path)} lacks {what}"
            for f in all_files()
            for what, there in (
                ("a description", f.description),
                ("a key", f.key),
                ("columns", f.columns),
            )
            if not there
        ),
        (
            f"{place(f.path)}: key {name} is no column"
            for f in all_files()
            for name in f.key
            if name not in f.columns
        ),
        (
            f"{place(f.path)}: the description does not begin with the grain"
            for f in built_files()
            if not re.match(r"One row( |:)", f.description)
        ),
        (
            f"{place(f.path)}: facts declare their scale"
            for f in built_files()
            if f.name.startswith("facts.") and "-- scale: " not in text_of(f.path)
        ),
    )


def test_every_header_names_the_columns_of_its_table(building):
    def columns(name: str) -> list[str]:
        return [row[0] for row in building.execute(f"describe {name}").fetchall()]

    finished = list(read_types())  # published views of staging are made over the copies that stay

    def columns_of(file: SqlFile) -> list[str]:
        if file.is_view and file.is_published:
            return [column for table, column in finished if table == file.name]
        return columns(file.select)

    check_none(
        (
            f"{place(file.path)}: header {difference(list(file.columns), columns_of(file))}"
            for file in built_files()
            if list(file.columns) != columns_of(file)
        ),
        (
            f"schemas/reference.toml: {name} {difference(list(table.columns), columns(name))}"
            for name, table in read_reference_tables().items()
            if list(table.columns) != columns(name)
        ),
    )


def difference(told: list[str], real: list[str]) -> str:
    """How the header differs from the table."""
    if set(told) == set(real):
        return f"has another order than the table: {', '.join(real)}"
    return f"has {sorted(set(told) - set(real))} too much and lacks {sorted(set(real) - set(told))}"


def test_every_table_is_told_about(building):
    """Whatever a build makes in a published schema has a file or an entry of reference.toml."""
    rows = building.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_schema in ('ref', 'facts', 'marts', 'ops')"
    ).fetchall()
    told = {file.name for file in built_files()} | read_reference_tables().keys()
    check_none(
        (name for (name,) in rows if name not in told),
        (f"{name} is in no build" for name in read_reference_tables() if (name,) not in rows),
    )


def test_every_check_returns_the_columns_of_its_header(building):
    """Checks run beside both databases; here the published one is as empty as the analyst's."""
    building.execute("attach ':memory:' as dashboard")
    tables = building.execute(
        "select table_schema, table_name from information_schema.tables"
        " where table_schema in ('ref', 'marts', 'ops')"
    ).fetchall()
    for schema, table in tables:
        building.execute(f"create schema if not exists dashboard.{schema}")
        building.execute(
            f"create table dashboard.{schema}.{table} as from {schema}.{table} limit 0"
        )
    for file in all_files():
        if file.path.parent.name == "checks":
            described = building.execute(f"describe {file.select}").fetchall()
            assert [row[0] for row in described] == list(file.columns), place(file.path)


FORBIDDEN = {
    "no DDL, nothing but a SELECT": r"\b(create|drop|alter|insert|update|delete|truncate|copy|attach|detach|pragma|install|load|set)\b",
    "no clock, no chance": r"\b(now|today|random|uuid|gen_random_uuid|get_current_\w+|current_(date|time|timestamp|localtime\w*))\b",
    "no PIVOT": r"\b(pivot|unpivot)\b",
    "no templating": r"\{\{|\{%|\$\w|\?",
    "one statement": r";",
}


def test_every_file_is_one_plain_select():
    check_none(
        (
            f"{place(file.path)}: {rule}: {match[0]}"
            for file in all_files()
            for rule, pattern in FORBIDDEN.items()
            if (match := re.search(pattern, code_of(file)))
        ),
        (f"{place(f.path)}: lower case" for f in all_files() if code_of(f) != code_of(f).lower()),
        (
            f"{place(f.path)}: begins with select or with"
            for f in all_files()
            if not re.match(r"\s*(select|with)\b", code_of(f))
        ),
    )


def test_every_final_select_names_its_columns():
    """A star at the end would publish whatever somebody adds further up."""
    check_none(
        f"{place(file.path)}: {' '.join(columns.split())[:60]}"
        for file in all_files()
        for columns in re.findall(
            r"\bselect\b(.*?)\bfrom\b", outermost(code_of(file)), flags=re.DOTALL
        )
        if re.search(r"(^|,)\s*(distinct\s+)?(\w+\.)?\*", columns)
    )


def outermost(code: str) -> str:
    """The code without anything in parentheses."""
    kept, depth = [], 0
    for letter in code:
        depth += letter == "("
        kept.append(letter if depth == 0 else "")
        depth -= letter == ")"
    return "".join(kept)


def test_every_file_can_be_seen_at_once():
    def body(path: Path) -> list[str]:
        lines = text_of(path).splitlines()
        first = next(i for i, line in enumerate(lines) if not line.startswith("--"))
        return lines[first:]

    check_none(
        f"{place(f.path)} has {n} lines below its header"
        for f in all_files()
        if (n := len(body(f.path))) > MAX_LINES
    )


def test_every_file_lies_in_a_schema():
    check_none(
        place(path)
        for path in SQL_ROOT.rglob("*.sql")
        if path.parent.parent != ROOT / "sql" or path.parent.name not in (*SCHEMAS, "checks")
    )
