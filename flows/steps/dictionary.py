"""Generated documentation: `python -m flows.steps.dictionary` writes docs/data_dictionary.md and docs/rules.md.

Meanings come from the headers of the SQL files, the contracts and reference.toml; types from a warehouse without a
row. A test holds the committed pages equal to what this writes, so they cannot drift from the tables.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb
import pandera.polars as pa

from flows.steps.canonicalise import ALTERNATES, CONTRACTS
from flows.steps.intake import read_context
from flows.steps.ledger import Ledger
from flows.steps.reference import load_reference
from flows.steps.sql_files import SqlFile, find_sql_files
from flows.steps.validate import allowed_ranges
from flows.steps.warehouse import (
    build_tables,
    finish,
    load_landed,
    load_problems_before,
    open_building,
)
from schemas.disclosure import read_disclosure
from schemas.reference import ReferenceTable, read_reference_tables
from schemas.rules import read_rules
from schemas.source import OPTIONAL, REQUIRED

DOCS = Path(__file__).parents[2] / "docs"
Types = dict[tuple[str, str], str]  # (schema.table, column) -> type in DuckDB

_HEAD = """\
# Data dictionary

Generated from the headers of `sql/`, the contracts of `schemas/` and `schemas/reference.toml` by
`python -m flows.steps.dictionary`; edit those, not this page. In DuckDB the same words are the comments of tables
and columns. What a word means is in `docs/glossary.md`; how to read a mart, in `docs/analysts.md`.

- **Cells.** A mart row is a cell: `all` in `condition`, `duration_band`, `modality`, `arm`, `setting` or
  `clinic_id` means not split by it. Cells overlap: fix `level` and every split, and never sum over rows.
- **Names.** `n_` counts enrolments unless it says people; `pct_` is 0-100; `adherence_` is 0-1; `_ci_lo` and `_ci_hi`
  are the limits of the 95 % interval of the figure before them; `is_` and `has_` are true or false.
- **NULL** means not known or not meaningful, never 0. In the dashboard a figure can also be hidden: then it is NULL,
  `suppressed` is true and `suppression_reason` says why.
- **Days** in `facts` are study days (`ady`: 1 on the start date, -1 the day before). There are no dates of people.

"""
_EXPORTS = """\
## What an export can hold

The columns that `[columns]` of a `source.toml` can name, by table. A value outside its range refuses the row; nothing is
clipped. Codes are those of `schemas/vocabulary.toml`, plus the user's own. A survey maps its questionnaires besides
(`docs/questionnaires.md`).

"""
_RULES = """\
# Rules

Generated from `schemas/rules.toml` by `python -m flows.steps.dictionary`; edit that file, not this page.

Every reason for which a record, or one questionnaire of it, is refused. `ops.refused_row` shows them with file, line and
column; a refused value stands nowhere but in the restricted files below `warehouse/refused/`. `{column}` is the
export's own column, `{allowed}` the range of the contract.

"""
_SCHEMAS = {
    "marts": "Figures by cell: start here.",
    "facts": "One row per enrolment, session, week, score, visit. Analyst only.",
    "staging": "People and survey answers. Analyst only.",
    "ops": "Where the figures came from, and what was refused. Analyst only.",
    "ref": "What the figures were made with: definitions, numbers, vocabularies.",
}


def dictionary_page() -> str:
    """The whole data dictionary: what can be queried, what an export can hold, what a build passes through."""
    tables: list[SqlFile | ReferenceTable] = [*_published(), *read_reference_tables().values()]
    types = read_types()
    parts = [_HEAD]
    for schema, about in _SCHEMAS.items():
        parts.append(f"## {schema}\n\n{about}\n\n")
        parts += [_section(t, types) for t in tables if t.name.startswith(f"{schema}.")]
    parts.append(_EXPORTS)
    parts += [
        _contract(table, contract.to_schema())
        for table, contract in CONTRACTS.items()
        if table in REQUIRED
    ]
    parts.append(_inside())
    return "".join(parts).rstrip("\n") + "\n"


def rules_page() -> str:
    """All rules with severity, reason and remedy."""
    rows = [
        (f"`{name}`", rule["severity"], rule["reason"], rule["fix"])
        for name, rule in read_rules().items()
    ]
    return _RULES + _table(("rule", "refuses", "because", "what to change"), rows)


@contextmanager
def empty_building(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every table of a build, without a row: all that is known of their form."""
    connection = open_building(folder / "analyst.duckdb")
    load_landed(connection, folder, Ledger())
    load_problems_before(connection, folder / "none.duckdb")
    run = {
        "release_id": "none",
        "as_of_date": date.min,
        "code_sha256": "",
        "run_date": date.min,
    }
    load_reference(connection, read_context(folder), folder, {}, run)
    build_tables(connection, keeps_all=True)
    yield connection
    connection.close()


def read_types() -> Types:
    """The type of every column that an analyst can query."""
    with tempfile.TemporaryDirectory() as folder:
        with empty_building(Path(folder)) as connection:
            finish(connection)
        with duckdb.connect(str(Path(folder) / "analyst.duckdb"), read_only=True) as connection:
            rows = connection.execute(
                "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() where not internal"
            ).fetchall()
    return {(table, column): data_type for table, column, data_type in rows}


def _published() -> list[SqlFile]:
    files = find_sql_files("staging", "facts", "marts", "ops")
    return sorted((f for f in files if f.is_published), key=lambda f: f.name)


def _section(table: SqlFile | ReferenceTable, types: Types) -> str:
    """One table: grain, key, who sees it, columns."""
    facts = [
        table.description,
        f"Key: {', '.join(f'`{name}`' for name in table.key)}.",
        _seen(table.name),
    ]
    rows = [
        (f"`{column}`", _type_words(types[table.name, column]), meaning)
        for column, meaning in table.columns.items()
    ]
    return f"### {table.name}\n\n{' '.join(filter(None, facts))}\n\n{_table(('column', 'type', 'meaning'), rows)}\n"


def _seen(name: str) -> str:
    """Whether a table is in the dashboard's database too."""
    schema, table = name.split(".")
    disclosure = read_disclosure()
    if schema == "marts" and table in disclosure.withheld:
        return "Analyst only."
    is_shared = schema == "marts" or (schema == "ref" and table in disclosure.reference)
    return "Also in the dashboard's database." if is_shared else ""


def _type_words(data_type: str) -> str:
    """An enum by its name only: its members stand in the meaning of the column."""
    return "ENUM" if data_type.startswith("ENUM(") else data_type


def _contract(table: str, contract: pa.DataFrameSchema) -> str:
    """One canonical table as an export may fill it; derived columns are left out."""
    mappable = (*REQUIRED[table], *OPTIONAL[table])
    ranges = allowed_ranges(contract)
    rows = []
    for name in mappable:
        column = contract.columns.get(name)
        if column is None:
            rows.append((f"`{name}`", ALTERNATES[name], "", "the same in another unit"))
            continue
        told = column.metadata or {}
        kind = " ".join(filter(None, (told["kind"], _of(told["vocabulary"]), _in(told["unit"]))))
        meaning = f"{column.description}{' (required)' if name in REQUIRED[table] else ''}"
        if told.get("severity") == "cell":
            meaning += "; a bad cell is left blank and told, the row stays"
        rows.append((f"`{name}`", kind, ranges[name], meaning))
    return f"### {table}\n\n{_table(('column', 'kind', 'allowed', 'meaning'), rows)}\n"


def _of(vocabulary: str | None) -> str:
    return f"of `{vocabulary}`" if vocabulary else ""


def _in(unit: str | None) -> str:
    return f"in {unit}" if unit else ""


def _inside() -> str:
    """The tables of a build that are never published: for whoever changes the SQL."""
    files = [f for f in find_sql_files("staging") if not f.is_published]
    rows = [(f"`{f.name}`", f.description) for f in sorted(files, key=lambda f: f.name)]
    about = "Steps between the landed exports and the facts. They hold dates, live in memory, and are gone after a build.\n"
    return f"## Inside a build\n\n{about}\n{_table(('table', 'holds'), rows)}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar inside a cell would break it."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


PAGES = {DOCS / "data_dictionary.md": dictionary_page, DOCS / "rules.md": rules_page}

if __name__ == "__main__":
    for path, page in PAGES.items():
        path.write_text(page(), encoding="utf-8")
