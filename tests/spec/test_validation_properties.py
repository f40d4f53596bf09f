"""Any table, however bad: nothing is lost, what stands passes its contract alone, what is refused fails it.

Pandera itself is the judge. It is asked row by row, as nobody would in a run: a refused row is held against the
contract as the clinic wrote it (cells that are no figure or code stay text), an accepted one as it would land.
"""

import zoneinfo
from pathlib import Path

import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from pandera.errors import SchemaErrors

from flows.steps import validate
from flows.steps.canonicalise import ALTERNATES, CONTRACTS, canonicalise
from flows.steps.cells import Context
from flows.steps.judge import judge, without
from flows.steps.responses import read_responses
from flows.steps.survey_blocks import find_blocks
from schemas.instrument import read_instruments
from schemas.policy import read_policy
from schemas.source import OPTIONAL, REQUIRED, Source, read_source
from schemas.survey import answers_contract
from schemas.vocabulary import read_vocabularies

CONTEXT = Context(read_vocabularies(), read_instruments(), read_policy())
# Per kind of column, cells that can be read and cells that cannot; ranges and clashes come by chance.
GOOD = {
    "id": ["P1", "P2", "ä"],
    "text": ["en", "pt-BR", "kPa", "all", "none", "not a language"],
    "number": ["0", "0.5", "1", "7", "20", "120.5", "-1", "300"],
    "integer": ["0", "1", "4", "60", "105", "1980", "2026"],
    "boolean": ["yes", "0"],
    "date": ["2026-01-05", "2026-01-06", "2025-12-01"],
    "instant": ["2026-01-05 10:00", "2026-01-05 10:20", "2026-01-05 15:00", "2026-01-06 10:00"],
    "zone": ["Europe/Berlin", "America/Los_Angeles"],
}
BAD = ["", "?", "1,5", "31.31.2026", "2026-03-29 02:30"]
# Where the first cells of two columns would clash.
FITTING = {
    "birth_year": "1980", "duration_weeks": "4", "due_days": "4", "minutes_per_session": "20", "minutes": "20",
    "sessions_per_week": "1", "self_massage_share": "1", "ended_at": "2026-01-05 10:20", "unit": "kPa",
}  # fmt: skip
ITEMS = [*"0123", "", "3.5", "9", "-1", "often"]

searching = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(autouse=True, params=[0, 50_000], ids=["check by check", "in a whole validation"])
def way(request, monkeypatch):
    """Long frames are asked check by check, others are validated whole; the judge below is a whole validation in any case."""
    monkeypatch.setattr(validate, "_WORTH_ASKING", request.param)


def mapping(folder: Path, table: str, columns: list[str]) -> Source:
    """A source that maps every column of a table under its own name; a survey asks a questionnaire besides."""
    asked = '[instruments.gad7]\nversion = "7"\nitems = "q{n}"\n' if table == "survey" else ""
    path = folder / "source.toml"
    mapped = "\n".join(f'{name} = "{name}"' for name in columns)
    path.write_text(
        f'clinic = "c"\ntable = "{table}"\nreader = "csv"\ntimezone = "Europe/Berlin"\n'
        'exported_at = "fixed:2026-03-31"\n[dialect]\ndate_order = "ymd"\ndecimal = "."\n'
        f"[columns]\n{mapped}\n{asked}",
        encoding="utf-8",
    )
    return read_source(path)


def columns_of(table: str) -> list[str]:
    return [name for name in (*REQUIRED[table], *OPTIONAL[table]) if name not in ALTERNATES]


def cells_of(table: str, name: str) -> list[str]:
    """What a clinic may have written into a column; the first can always be read."""
    metadata = CONTRACTS[table].to_schema().columns[name].metadata
    if metadata["kind"] == "code":
        good = list(CONTEXT.vocabularies[metadata["vocabulary"]])[:4]
    else:
        good = GOOD[metadata["kind"]]
    return [*good, *BAD]


def tables(table: str) -> st.SearchStrategy[pl.DataFrame]:
    """Random rows of text with their lines: good ones, of which a few cells were drawn anew."""
    cells = {name: cells_of(table, name) for name in columns_of(table)}
    good = {name: drawn[0] for name, drawn in cells.items()} | FITTING
    changed = st.sampled_from(sorted(cells)).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(cells[name]))
    )
    row = st.lists(changed, max_size=3).map(
        lambda changes: {n: c for n, c in (good | dict(changes)).items() if n in cells}
    )
    return st.lists(row, min_size=1, max_size=4).map(
        lambda rows: pl.DataFrame(rows).select(
            pl.int_range(2, len(rows) + 2).alias("line"), pl.all().replace("", None)
        )
    )


def whole_contract(table: str) -> pa.DataFrameSchema:
    """The contract with its vocabularies. A run holds codes against them while it reads: users add their own."""
    schema = CONTRACTS[table].to_schema()
    for name, column in schema.columns.items():
        if column.metadata["kind"] == "zone":
            allowed = sorted(zoneinfo.available_timezones())
        elif column.metadata["kind"] == "code":
            allowed = list(CONTEXT.vocabularies[column.metadata["vocabulary"]])
        else:
            continue
        schema = schema.update_column(name, checks=[*column.checks, pa.Check.isin(allowed)])
    return schema


def passes(rows: pl.DataFrame, contract: pa.DataFrameSchema) -> bool:
    """What Pandera says of these rows alone."""
    absent = [name for name in contract.columns if name not in rows.columns]
    nulls = [pl.lit(None, contract.columns[name].dtype.type).alias(name) for name in absent]
    try:
        contract.remove_columns(absent).validate(rows.with_columns(nulls), lazy=True)
    except SchemaErrors:
        return False
    return True


def as_written(text: pl.DataFrame, source: Source, line: int) -> pl.DataFrame:
    """One row with its readable cells typed, and the others left as the clinic wrote them."""
    row = text.filter(line=line)
    canonical = canonicalise(row, source, Path("export.csv"), CONTEXT)
    untyped = set(canonical.failures["name"]) & set(row.columns)
    return canonical.frame.with_columns(row[name].alias(name) for name in sorted(untyped))


@pytest.mark.parametrize("table", REQUIRED)
def test_what_stands_passes_alone_and_what_is_refused_fails(table, tmp_path):
    contract, whole = CONTRACTS[table].to_schema(), whole_contract(table)
    source = mapping(tmp_path, table, columns_of(table))

    @searching
    @given(tables(table))
    def check(text: pl.DataFrame) -> None:
        rows, failures = judge(text, source, Path("export.csv"), CONTEXT, contract)
        (accepted,) = without(failures, rows)
        hard = failures.filter(pl.col("severity").is_in(["row", "response"]))
        refused = hard["line"].unique()
        event(f"refused {bool(len(refused))}, accepted {bool(accepted.height)}")
        assert sorted([*accepted["line"], *refused]) == text["line"].to_list()
        for rule_id in hard["rule_id"]:
            event(rule_id)
        blanked = set(failures.filter(severity="cell")["line"])
        for line in accepted["line"]:
            assert passes(accepted.filter(line=line), whole)
            assert passes(as_written(text, source, line), whole) == (line not in blanked)
        for line in refused:
            assert not passes(as_written(text, source, line), whole)

    check()


def test_a_response_stands_if_all_its_answers_pass_alone(tmp_path):
    names = [f"q{n}" for n in range(1, 8)]
    source = mapping(tmp_path, "survey", ["participant_id"])
    (block,) = find_blocks(source, None, CONTEXT.instruments, "export.csv")
    contract = answers_contract(block.forms[0].instrument.items)

    @searching
    @given(st.lists(st.tuples(*[st.sampled_from(ITEMS)] * 7), min_size=1, max_size=4))
    def check(rows: list[tuple[str, ...]]) -> None:
        lines = pl.int_range(2, len(rows) + 2).alias("line")
        text = pl.DataFrame(rows, schema=names, orient="row").select(lines, pl.all())
        found = read_responses(text.select("line", participant_id=pl.lit("P1")), text, block)
        accepted = pl.concat(found.answers)
        refused = set(pl.concat(found.failures)["line"])
        empty = {line for line, *row in text.rows() if not any(row)}
        assert {*accepted["line"], *refused, *empty} == set(text["line"])
        assert len(refused) + accepted.height + len(empty) == text.height
        for line, *row in text.rows():
            figures = pl.DataFrame([row], schema=names, orient="row").select(
                pl.all().replace("", None).cast(pl.Float64, strict=False)
            )
            is_figure = all(cell != "often" for cell in row)
            assert (is_figure and passes(figures, contract)) == (line not in refused)

    check()
