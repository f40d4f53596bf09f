"""What may leave the analyst's room: `dashboard.duckdb` is `analyst.duckdb` without people and small numbers.

schemas/disclosure.toml says of every figure of every mart which count stands behind it and of which total
that count is a part. A figure is hidden (NULL, `suppressed`, `suppression_reason`) when the count, or what
is left of the total, lies from 1 to `disclosure.threshold` - 1. What the file does not name stops the build:
a new column must not reach a dashboard because somebody forgot to think about it.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from flows.steps.sql_files import SqlFile, find_sql_files
from schemas.disclosure import Disclosure, MartDisclosure, Rule, UndeclaredFigure, read_disclosure

# Every mart has these beside its key and its figures.
RELEASE_COLUMNS = ("release_id", "as_of_date", "suppressed", "suppression_reason")


def disclose(analyst: Path, dashboard: Path, contracts: Sequence[SqlFile] | None = None) -> int:
    """Make dashboard.duckdb from analyst.duckdb; returns how many figures are hidden in it."""
    marts = find_sql_files("marts") if contracts is None else contracts
    rules = read_disclosure()
    with duckdb.connect() as connection:
        connection.execute(f"attach '{_quoted(analyst)}' as analyst (read_only)")
        connection.execute(f"attach '{_quoted(dashboard)}' as dashboard")
        threshold = _threshold(connection)
        connection.begin()
        for schema in ("marts", "ref", "ops"):
            connection.execute(f"create schema dashboard.{schema}")
        hidden = sum(_write_mart(connection, mart, rules, threshold) for mart in marts)
        _copy_reference(connection, rules.reference)
        _write_release(connection, threshold)
        _carry_comments(connection)
        connection.commit()
        connection.execute("detach dashboard")  # also folds the write-ahead log into the file
    return hidden


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _threshold(connection: duckdb.DuckDBPyConnection) -> int:
    found = connection.execute(
        "select value from analyst.ref.policy where key = 'disclosure.threshold'"
    ).fetchone()
    if found is None:
        raise UndeclaredFigure("ref.policy lacks disclosure.threshold")
    return int(found[0])


def _write_mart(
    connection: duckdb.DuckDBPyConnection, mart: SqlFile, rules: Disclosure, threshold: int
) -> int:
    """Publish one mart, unless it is withheld; returns how many of its figures are hidden."""
    name = mart.name.partition(".")[2]
    if name in rules.withheld:
        return 0
    if name not in rules.marts:
        raise UndeclaredFigure(f"disclosure.toml says nothing about the mart {name}")
    columns = _columns(connection, mart.name)
    check_declared(name, columns, mart.key, rules.marts[name])
    query = disclosed_select(mart.name, columns, mart.key, rules.marts[name], threshold)
    connection.execute(f"create table dashboard.{mart.name} as\n{query}")
    told = rules.marts[name]
    shown = [c for c in columns if c in told.figures and c not in told.words]
    return _count_values(connection, f"analyst.{mart.name}", shown) - _count_values(
        connection, f"dashboard.{mart.name}", shown
    )


def _columns(connection: duckdb.DuckDBPyConnection, mart: str) -> list[str]:
    return [row[0] for row in connection.execute(f"describe analyst.{mart}").fetchall()]


def _count_values(connection: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> int:
    counts = " + ".join(["0", *(f"count({column})" for column in columns)])
    found = connection.execute(f"select {counts} from {table}").fetchone()
    return int(found[0]) if found else 0


def check_declared(
    mart: str, columns: Sequence[str], key: Sequence[str], told: MartDisclosure
) -> None:
    """Refuse a column that is neither key nor declared, and a rule that leans on a column that is not there."""
    known = {*key, *RELEASE_COLUMNS, *told.plain, *told.figures}
    if unknown := [column for column in columns if column not in known]:
        raise UndeclaredFigure(
            f"disclosure.toml does not say which count stands behind {mart}: {', '.join(unknown)}"
        )
    rules = [rule for figure, rule in told.figures.items() if figure in columns]
    needed = {name for rule in rules for name in (rule.n, *rule.of, *rule.less)}
    if missing := sorted(name for name in needed - set(columns) if name.isidentifier()):
        raise UndeclaredFigure(
            f"disclosure.toml leans on columns that {mart} lacks: {', '.join(missing)}"
        )
    if lost := [name for name in RELEASE_COLUMNS if name not in columns]:
        raise UndeclaredFigure(f"{mart} lacks {', '.join(lost)}")


def disclosed_select(
    mart: str, columns: Sequence[str], key: Sequence[str], told: MartDisclosure, threshold: int
) -> str:
    """The SELECT that reads a mart once and gives it back with the small numbers hidden."""
    figures = [column for column in columns if column in told.figures]
    judged = [f"{_is_few(told.figures[f], threshold)} as few_{f}" for f in figures]
    judged += [f"{_is_small_n(told.figures[f].n, threshold)} as few_n_{f}" for f in figures]
    hidden = {f: " or ".join(f"few_{name}" for name in falls_with(f, told)) for f in figures}
    by_n = " or ".join(f"({f} is not null and few_n_{f})" for f in figures)
    by_any = " or ".join(f"({f} is not null and ({hidden[f]}))" for f in figures)
    selected = {f: _hidden(f, hidden[f], told) for f in figures}
    selected["suppressed"] = f"{by_any} as suppressed"
    selected["suppression_reason"] = (
        f"case when {by_n} then 'n_below_threshold' "
        f"when {by_any} then 'complement_below_threshold' end as suppression_reason"
    )
    shown = ",\n  ".join(selected.get(column, column) for column in columns)
    judgement = ",\n  ".join(judged)
    return (
        f"with judged as (select *,\n  {judgement}\nfrom analyst.{mart})\n"
        f"select\n  {shown}\nfrom judged\norder by {', '.join(key)}"
    )


def _hidden(figure: str, when: str, told: MartDisclosure) -> str:
    """A figure, or what stands in its place; what was not observed stays NULL."""
    word = f"'{told.words[figure]}'" if figure in told.words else "null"
    return f"case when {figure} is not null and ({when}) then {word} else {figure} end as {figure}"


def falls_with(figure: str, told: MartDisclosure) -> tuple[str, ...]:
    """The figures whose hiding hides this one, itself the first.

    A share shown beside its numerator gives its denominator away, and the other way round. A mean (no
    total) gives neither, so it stands as long as its own n is large.
    """
    rule = told.figures[figure]
    if figure == rule.n or not rule.of:
        return (figure,)
    counts = [name for name in (rule.n, *rule.of) if name in told.figures and name != figure]
    return (figure, *counts)


def _is_few(rule: Rule, threshold: int) -> str:
    """The SQL condition under which the figures of one rule tell of a few people."""
    rests = [f"({total}) - {rule.n}" for total in rule.of]
    rests += [f"{rule.n} - ({part})" for part in rule.less]
    conditions = [_is_small_n(rule.n, threshold), *(_is_small(rest, threshold) for rest in rests)]
    return f"({' or '.join(conditions)})"


def _is_small_n(count: str, threshold: int) -> str:
    # A figure with an unknown n behind it is hidden: nobody can say that it is safe.
    return f"coalesce({count} between 1 and {threshold - 1}, true)"


def _is_small(rest: str, threshold: int) -> str:
    return f"coalesce({rest} between 1 and {threshold - 1}, false)"


def _copy_reference(connection: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> None:
    """Reference tables that hold nothing personal; one that is not listed stays behind."""
    for table in tables:
        connection.execute(
            f"create table dashboard.ref.{table} as select * from analyst.ref.{table}"
        )


def _write_release(connection: duckdb.DuckDBPyConnection, threshold: int) -> None:
    """ops.release: one row, what a reader must know about the figures beside it."""
    connection.execute(
        f"""
        create table dashboard.ops.release as
        select
          release_id,
          as_of_date,
          try_strptime(left(release_id, 16), '%Y%m%dT%H%M%SZ') as released_at,
          {threshold} as disclosure_threshold
        from analyst.ref.run
        """
    )
    meanings = {
        "release_id": "the release; sorts by time",
        "as_of_date": "the latest day of data of all clinics",
        "released_at": "when this release was made (UTC)",
        "disclosure_threshold": "smallest number of people behind a published figure",
    }
    connection.execute(
        "comment on table dashboard.ops.release is 'One row: the release in this file.'"
    )
    for column, meaning in meanings.items():
        connection.execute(f"comment on column dashboard.ops.release.{column} is '{meaning}'")


def _carry_comments(connection: duckdb.DuckDBPyConnection) -> None:
    """Tables and columns keep the meaning that the SQL headers gave them."""
    statements = connection.execute(
        """
        with published as (
          select schema_name, table_name from duckdb_tables() where database_name = 'dashboard'
        ),
        told as (
          select 'table' as kind, schema_name, table_name, null as column_name, comment
          from duckdb_tables() where database_name = 'analyst'
          union all
          select 'column', schema_name, table_name, column_name, comment
          from duckdb_columns() where database_name = 'analyst'
        )
        select
          concat(
            'comment on ', kind, ' dashboard.', schema_name, '.', table_name,
            coalesce('.' || column_name, ''), ' is ''', replace(comment, '''', ''''''), ''''
          )
        from told join published using (schema_name, table_name)
        where comment is not null
        """
    ).fetchall()
    connection.execute("; ".join(statement for (statement,) in statements))
