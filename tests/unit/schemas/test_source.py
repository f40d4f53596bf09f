"""Mappings: what they may say, and how a wrong one is told."""

from pathlib import Path

import pytest

from schemas.errors import SourceWrong
from schemas.key_line import find_key_line
from schemas.source import OPTIONAL, REQUIRED, Source, read_source

START = """clinic = "riverside"
table = "session"
reader = "csv"
[columns]
participant_id = "id"
started_at = "start"
"""
SHIPPED = sorted((Path(__file__).parents[3] / "data/raw/demo").rglob("*source.toml"))


def read(folder: Path, text: str, name: str = "source.toml") -> Source:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return read_source(folder / name)


def message(folder: Path, text: str) -> str:
    """What is told about a wrong mapping, less its path."""
    with pytest.raises(SourceWrong) as caught:
        read(folder, text)
    return caught.value.message.replace(str(folder / "source.toml"), "source.toml")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: "/".join(p.parts[-3:-1]))
def test_the_shipped_mappings_are_right(path):
    assert read_source(path).mapping.clinic == path.parts[-3]


def test_what_is_left_out_has_its_default(tmp_path):
    mapping = read(tmp_path, START).mapping
    assert (mapping.mode, mapping.exported_at, mapping.files) == ("delta", "mtime", "**/*")
    assert (mapping.dialect.header_rows, mapping.dialect.missing) == (1, ("", "NA", "NaN", "null"))
    assert mapping.columns["started_at"].export_columns == ("start",)


def test_the_dialect_knows_what_stands_beside_it(tmp_path):
    beside = 'timezone = "America/Halifax"\n' + START + '[codes.started_at]\n"soon" = "later"\n'
    dialect = read(tmp_path, beside).mapping.dialect
    assert (dialect.timezone, dialect.table) == ("America/Halifax", "session")
    assert (dialect.coded, dialect.ids) == ({"soon"}, {"id"})
    settled = dialect.model_copy(update={"date_order": "dmy"})
    assert (settled.timezone, settled.ids) == ("America/Halifax", {"id"})
    assert "_ids" in message(tmp_path, START + "[dialect]\n_ids = []\n")


def test_a_source_is_known_by_its_folder_and_the_stem_of_its_file(tmp_path):
    assert read(tmp_path / "app", START).source_id == "app"
    assert read(tmp_path / "app", START, "log.source.toml").source_id == "app.log"


@pytest.mark.parametrize(
    ("column", "names"),
    [
        ('"start"', ("start",)),
        ('{ column = "start", format = "%d/%m/%Y" }', ("start",)),
        ('{ join = ["day", "time"], with = "T" }', ("day", "time")),
        ('{ value = "2026-03-31" }', ()),
        ('{ path = "(p[0-9]+)/" }', ()),
    ],
)
def test_the_ways_to_say_where_a_column_comes_from(tmp_path, column, names):
    text = START.replace('"start"', column)
    assert read(tmp_path, text).mapping.columns["started_at"].export_columns == names


@pytest.mark.parametrize(
    ("right", "wrong", "line", "told"),
    [
        ('reader = "csv"', 'reader = "csv"\ncolour = 1', 4, "key colour: unknown key"),
        ('clinic = "riverside"', 'clinic = "the river/side"', 1, "key clinic: "),
        ('clinic = "riverside"\n', "", 1, "key clinic: this key is needed"),
        ('table = "session"', 'table = "sessions"', 2, "key table: "),
        ("[columns]", 'mode = "full"\n[columns]', 4, "key mode: "),
        ("[columns]", 'timezone = "CEST"\n[columns]', 4, "key timezone: not an IANA time zone"),
        ("[columns]", 'exported_at = "today"\n[columns]', 4, "key exported_at: use name:<format>"),
        ("[columns]", 'data_through = "31.3."\n[columns]', 4, "key data_through: not a date"),
        ("[columns]", '[dialect]\ndecimal = ";"\n[columns]', 5, "key dialect.decimal: "),
        ("[columns]", "[dialect]\nheader_rows = 9\n[columns]", 5, "key dialect.header_rows: "),
        (
            'participant_id = "id"',
            'patient = "id"',
            5,
            "key columns.patient: table session has no column patient",
        ),
        ('participant_id = "id"\n', "", 4, "key columns: table session needs participant_id"),
        ('started_at = "start"\n', "", 4, "key columns: table session needs started_at"),
        ('"start"', '{ column = "a", value = "b" }', 6, "key columns.started_at: give exactly one"),
        ('"start"', "{ }", 6, "key columns.started_at: give exactly one"),
        ('"start"', '{ path = "p[0-9]+" }', 6, "key columns.started_at: path needs a group"),
        (
            '"start"',
            '{ path = "(p[0-9]+" }',
            6,
            "key columns.started_at: path is no regular expression",
        ),
        ('"start"', '{ column = "a", unit = "parsec" }', 6, "key columns.started_at: unknown unit"),
        (
            '"start"',
            '{ column = "a", colour = 1 }',
            6,
            "key columns.started_at.colour: unknown key",
        ),
        ('table = "session"', 'table = "survey"', 6, "key columns.started_at: table survey has no"),
        ('"start"', "start", 6, "not a TOML file"),
        ('"start"', '"start', 6, "not a TOML file"),
    ],
)
def test_a_wrong_mapping_is_told_by_line_and_key(tmp_path, right, wrong, line, told):
    said = message(tmp_path, START.replace(right, wrong))
    assert said.startswith(f"source.toml, line {line}")
    assert told in said


def test_a_survey_without_questionnaires_is_wrong(tmp_path):
    text = 'clinic = "a"\ntable = "survey"\nreader = "csv"\n[columns]\nparticipant_id = "id"\n'
    assert "key instruments: a survey needs" in message(tmp_path, text)


def test_all_faults_are_told_at_once(tmp_path):
    said = message(tmp_path, START.replace("reader", "raeder").replace("session", "sessions"))
    assert (
        len(said.splitlines()) == 3
    )  # the table, the key that is needed, the one that is not known


def test_every_table_says_what_it_can_map():
    assert REQUIRED.keys() == OPTIONAL.keys()
    assert all(not set(REQUIRED[table]) & set(OPTIONAL[table]) for table in REQUIRED)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (["clinic"], 1),
        (["columns"], 2),
        (["columns", "minutes", "unit"], 3),
        (["codes", "setting", "At home"], 5),
        (["instruments", "gad7", "codes", "Not at all"], 9),
        (["instruments", "gad7", "items"], 7),
        (["wide"], 10),
        (["wide", "0", "visit"], 10),
        (["dialect"], 1),
    ],
)
def test_the_line_of_a_key(keys, line):
    text = """clinic = "a"
[columns]
minutes = { column = "m", unit = "s" }
[codes.setting]
"At home" = "home"
[instruments.gad7]
items = "q{n}"
[instruments.gad7.codes]
"Not at all" = 0
[[wide]]
visit = "WK4"
"""
    assert find_key_line(text, keys) == line
