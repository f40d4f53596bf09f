"""Which exports are there, and what makes one new."""

import os
import re
from datetime import datetime
from pathlib import Path

import pytest

from flows.steps.canonicalise import CONTRACTS
from flows.steps.discover import (
    INTAKE_POLICY,
    Export,
    export_key,
    exported_at,
    find_export_files,
    find_sources,
    read_export,
)
from flows.steps.intake import read_context
from schemas.errors import ExportUnreadable, SourceWrong
from schemas.source import Mapping, Source, read_source

MAPPING = """
clinic = "riverside"
table = "session"
reader = "csv"
files = "{files}"
exported_at = "{exported_at}"
[columns]
participant_id = "id"
started_at = "start"
"""


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    return read_context(tmp_path_factory.mktemp("data"))


def write_source(
    folder: Path, files: str = "**/*.csv", exported_at: str = "mtime", name: str = "source.toml"
) -> Source:
    """A mapping in that folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = MAPPING.format(files=files, exported_at=exported_at)
    (folder / name).write_text(text)
    return read_source(folder / name)


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("**/*.csv", ["a.csv", "deep/down/c.csv", "sub/b.csv"]),
        ("*.txt", ["d.txt"]),
        ("sub/*", ["sub/b.csv"]),
        ("**/*", ["a.csv", "d.txt", "deep/down/c.csv", "sub/b.csv"]),
        ("x*", []),
    ],
)
def test_files_are_found_by_their_pattern_and_mappings_never(tmp_path, pattern, found):
    source = write_source(tmp_path / "app", pattern)
    touch(source.folder, "a.csv", "sub/b.csv", "deep/down/c.csv", "d.txt")
    write_source(source.folder, name="other.source.toml")
    names = [path.relative_to(source.folder).as_posix() for path in find_export_files(source)]
    assert names == found


def test_a_link_out_of_the_folder_is_not_followed(tmp_path, context):
    source = write_source(tmp_path / "app")
    touch(source.folder, "a.csv")
    touch(tmp_path, "secret.csv")
    (source.folder / "out.csv").symlink_to(tmp_path / "secret.csv")
    (source.folder / "within.csv").symlink_to(source.folder / "a.csv")
    found = find_export_files(source)
    assert [path.name for path in found] == ["a.csv", "out.csv", "within.csv"]
    read_export(source, found[2], context)
    with pytest.raises(OSError, match="link to a file outside its folder"):
        read_export(source, found[1], context)


def test_the_key_moves_with_whatever_decides_what_a_file_becomes(tmp_path, context):
    def key(folder: str, name: str = "a.csv", content: str = "x", **mapping: str) -> str:
        source = write_source(tmp_path / folder / "app", **mapping)
        path = source.folder / name
        path.write_text(content)
        return read_export(source, path, context).key

    first = key("1")
    assert key("2") == first  # another place, the same everything
    others = [key("3", content="y"), key("4", name="b.csv"), key("5", files="*.csv")]
    assert len({first, *others}) == 4


def test_size_and_time_are_those_before_hashing(tmp_path, context, monkeypatch):
    source = write_source(tmp_path / "app")
    touch(source.folder, "a.csv")
    path = source.folder / "a.csv"
    size = path.stat().st_size

    def hash_while_it_grows(grown: Path) -> str:
        with grown.open("a") as file:
            file.write("more")
        return "0" * 64

    monkeypatch.setattr("flows.steps.discover.hash_file", hash_while_it_grows)
    assert read_export(source, path, context).size == size < path.stat().st_size


def test_two_mappings_of_one_name_are_told_and_the_first_stands(tmp_path, context):
    write_source(tmp_path / "raw/north/app")
    write_source(tmp_path / "raw/south/app")
    sources, (wrong,) = find_sources(tmp_path / "raw", context)
    assert [source.folder.parent.name for source in sources] == ["north"]
    assert "already has a source 'app'" in wrong.message


def test_one_folder_may_hold_several_mappings(tmp_path, context):
    for name in ("source.toml", "log.source.toml"):
        write_source(tmp_path / "raw/app", name=name)
    sources, wrong = find_sources(tmp_path / "raw", context)
    assert sorted(source.source_id for source in sources) == ["app", "app.log"]
    assert wrong == []


def export(source: Source, name: str) -> Export:
    return Export(source, source.folder / name, name, "0" * 64, "key", 1, 1_774_000_000_000_000_000)


@pytest.mark.parametrize(
    ("origin", "name", "expected"),
    [
        ("name:%Y-%m-%d", "log_2026-03-31.csv", datetime(2026, 3, 31)),
        ("name:%Y-%m-%d", "log_2026-99-99_2026-03-31.csv", datetime(2026, 3, 31)),
        ("name:%d.%m.%Y", "2026/log 31.03.2026.csv", datetime(2026, 3, 31)),
        ("name:%Y%m%dT%H%M", "20260331T0415-log.csv", datetime(2026, 3, 31, 4, 15)),
        ("fixed:2026-03-31", "log.csv", datetime(2026, 3, 31)),
        ("fixed:2026-03-31T04:15", "log.csv", datetime(2026, 3, 31, 4, 15)),
        ("column:at", "log.csv", datetime(2026, 2, 1)),
        ("mtime", "log.csv", datetime(2026, 3, 20, 9, 46, 40)),
    ],
)
def test_when_an_export_was_written(tmp_path, origin, name, expected):
    source = write_source(tmp_path / "app", exported_at=origin)
    assert exported_at(source, export(source, name), datetime(2026, 2, 1)) == expected


@pytest.mark.parametrize(
    ("origin", "words"), [("name:%Y-%m-%d", "holds no date"), ("column:at", "column 'at'")]
)
def test_a_file_that_does_not_say_when_it_was_written_is_refused(tmp_path, origin, words):
    source = write_source(tmp_path / "app", exported_at=origin)
    with pytest.raises(ExportUnreadable, match=words):
        exported_at(source, export(source, "log.csv"), None)


def test_a_wrong_mapping_does_not_hide_the_others(tmp_path, context):
    write_source(tmp_path / "raw/good")
    (tmp_path / "raw/bad").mkdir()
    (tmp_path / "raw/bad/source.toml").write_text("clinic = 1")
    sources, wrong = find_sources(tmp_path / "raw", context)
    assert [source.source_id for source in sources] == ["good"]
    assert all(isinstance(error, SourceWrong) for error in wrong)
    assert os.fspath(tmp_path / "raw/bad/source.toml") in wrong[0].message


def test_every_number_that_judges_a_row_is_part_of_the_key() -> None:
    """A changed policy would otherwise leave rows as the old one had judged them."""
    root = Path(__file__).parents[3]
    judging = ["flows/steps/derive.py", "flows/steps/judge.py", "flows/steps/responses.py"]
    judging += [f"schemas/{table}.py" for table in CONTRACTS]
    used = {
        key
        for name in judging
        for key in re.findall(r'policy\.number\("([\w.]+)"\)', (root / name).read_text())
    }
    assert used == set(INTAKE_POLICY)


def test_a_dictionary_is_no_export_and_part_of_the_key(tmp_path: Path) -> None:
    """It lies beside the records, is not read as one, and a new one reads them again."""
    folder = tmp_path / "c" / "redcap"
    folder.mkdir(parents=True)
    (folder / "records.csv").write_text("record_id,phq9_1\n1,2\n")
    dictionary = folder / "data_dictionary.csv"
    dictionary.write_text('"Variable / Field Name","Form Name","Field Type"\nphq9_1,phq9,radio\n')
    mapping = Mapping.model_validate({
        "clinic": "c", "table": "survey", "reader": "redcap", "files": "*.csv", "columns": {"participant_id": "record_id"},
        "instruments": {"phq9": {"version": "9", "items": "phq9_{n}"}},
    })  # fmt: skip
    source = Source(folder / "source.toml", "", mapping)
    assert [path.name for path in find_export_files(source)] == ["records.csv"]
    context = read_context(tmp_path)
    before = export_key(source, "records.csv", "0", context)
    dictionary.write_text(dictionary.read_text() + "phq9_2,phq9,radio\n")
    assert export_key(source, "records.csv", "0", context) != before
