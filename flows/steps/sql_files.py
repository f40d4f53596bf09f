"""The SQL files as data: header, dependencies, order of building.

`sql/<schema>/<name>.sql` holds one SELECT and builds `<schema>.<name>`. Its header is its documentation:
here it is parsed once, for `COMMENT ON`, the data dictionary, the gate and the tests.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import takewhile
from pathlib import Path

import duckdb

SQL_ROOT = Path(__file__).parents[2] / "sql"
_REFERENCE = re.compile(r"\b(?:from|join)\s+(staging|facts|marts|ops)\.(\w+)")
_COLUMN = re.compile(r"--   (\w+)\s+(\S.*)")


@dataclass(frozen=True)
class SqlFile:
    """One SELECT with its header: name is `schema.table`, columns maps name to meaning.

    Of staging only the files marked `-- published` reach the analyst (staging holds dates).
    """

    path: Path
    name: str
    description: str
    key: tuple[str, ...]
    columns: dict[str, str]
    is_view: bool
    is_published: bool
    select: str

    @property
    def reads(self) -> set[str]:
        """Names (`schema.table`) of the built tables that this SELECT reads."""
        code = re.sub(r"--.*", "", self.select)
        return {f"{schema}.{table}" for schema, table in _REFERENCE.findall(code)}


def read_sql_file(path: Path) -> SqlFile:
    """Parse the header and body of one SQL file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    header = list(takewhile(lambda line: line.startswith("--"), lines))
    prose = [
        line[3:]
        for line in header
        if re.match(r"-- (?!key:|scale:|as:|published$|columns:| )", line)
    ]
    key = next((line[8:] for line in header if line.startswith("-- key: ")), "")
    columns: dict[str, str] = {}
    for line in header:
        if match := _COLUMN.fullmatch(line):
            columns[match[1]] = match[2]
    return SqlFile(
        path=path,
        name=f"{path.parent.name}.{path.stem}",
        description=" ".join(prose),
        key=tuple(part.strip() for part in key.split(",") if part.strip()),
        columns=columns,
        is_view="-- as: view" in header,
        is_published=path.parent.name != "staging" or "-- published" in header,
        select="\n".join(lines),
    )


def find_sql_files(*schemas: str) -> list[SqlFile]:
    """All files of these schemas, each after the ones that it reads, and these right before it.

    So a table is read soon after it is made, and can be dropped before the next branch of the tree is begun.
    """
    files = {
        f.name: f for s in schemas for p in (SQL_ROOT / s).glob("*.sql") for f in [read_sql_file(p)]
    }
    reads = {name: sorted(files[name].reads & files.keys()) for name in sorted(files)}
    TopologicalSorter(reads).prepare()  # raises CycleError
    order: dict[str, SqlFile] = {}

    def visit(name: str) -> None:
        for read in reads[name]:
            if read not in order:
                visit(read)
        order[name] = files[name]

    for name in reads:
        if name not in order:
            visit(name)
    return list(order.values())


def tables_done_with(read_later: Iterable[str]) -> dict[str, list[str]]:
    """Per file of staging and facts: the staging tables that nothing reads any more once it is built.

    A view reads whenever it is read. Marts, audit, what is `read_later` and what reaches the analyst come after, and keep
    what they read.
    """
    files = find_sql_files("staging", "facts")
    views = {f.name: f.reads for f in files if f.is_view}
    kept = {f.name for f in files if f.is_published} | set(read_later) | views.keys()
    for file in [
        *find_sql_files("marts", "ops"),
        *(f for f in files if f.is_view and f.is_published),
    ]:
        kept |= _read_through(file.reads, views)
    last: dict[str, str] = {}
    for file in files:
        last |= dict.fromkeys([file.name, *_read_through(file.reads, views)], file.name)
    done: dict[str, list[str]] = {}
    for name, reader in last.items():
        if name.startswith("staging.") and name not in kept:
            done.setdefault(reader, []).append(name)
    return done


def _read_through(names: set[str], views: Mapping[str, set[str]]) -> set[str]:
    """These tables, and those behind the views among them."""
    behind = {below for name in names & views.keys() for below in _read_through(views[name], views)}
    return names | behind


def build_table(connection: duckdb.DuckDBPyConnection, file: SqlFile) -> None:
    """Create the table (or view) of one SQL file in the catalog or schema of its name."""
    kind = "view" if file.is_view else "table"
    connection.execute(f"create or replace {kind} {file.name} as\n{file.select}")
