"""The synthetic network: reproducible, readable, and dirty exactly as it says."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.clinic_network import CLINICS, PlantedFile, write_network
from benchmarks.sessions import RULES
from benchmarks.world import MODALITIES, SETTINGS, TECHNIQUES, WEEKS, enrolments
from schemas.source import read_source

DEMO = Path(__file__).parents[3] / "data/raw/demo"
ENCODINGS = {"stammdaten": "cp1252", "fragebogen": "cp1252", "tagebuch": "utf-8-sig"}


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    out = tmp_path_factory.mktemp("network")
    return out, write_network(out)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_demo_in_git_is_what_the_generator_writes(network):
    out, _ = network
    assert files_of(DEMO) == files_of(out)


def test_the_demo_is_small_and_says_that_it_is_synthetic(network):
    out, _ = network
    files = files_of(out)
    assert sum(map(len, files.values())) < 3_000_000
    assert all(
        "synth" in name.lower() or b"SYNTHETIC" in content for name, content in files.items()
    )


def test_every_source_toml_is_valid_and_in_its_folder(network):
    out, planted = network
    sources = [read_source(path) for path in out.rglob("source.toml")]
    assert {(s.mapping.clinic, s.source_id) for s in sources} == {
        (f.clinic, f.source) for f in planted.files
    }
    assert all(s.path == out / s.mapping.clinic / s.source_id / "source.toml" for s in sources)


def test_the_eight_rules_are_planted_at_about_three_in_a_hundred(network):
    _, planted = network
    assert set(planted.by_rule) == set(RULES) and len(RULES) == 8
    share = planted.by_rule.total() / sum(f.rows for f in planted.files)
    assert 0.025 < share < 0.035


def records(out: Path, file: PlantedFile) -> list[tuple[int, dict[str, object]]]:
    """Every record with its physical line, by the standard library."""
    path = out / file.clinic / file.source / file.file_name
    text = path.read_bytes().decode(ENCODINGS.get(file.source, "utf-8"))
    if path.suffix == ".jsonl":
        return [(n, json.loads(line)) for n, line in enumerate(text.splitlines(), 1)]
    delimiter = {"lindenhof": ";", "maplewood": "\t"}.get(file.clinic, ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header, found, line = next(reader), [], reader.line_num + 1
    for row in reader:
        found.append((line, dict(zip(header, row, strict=True))))
        line = reader.line_num + 1
    return found


def test_planted_lines_are_lines_on_which_a_record_starts(network):
    out, planted = network
    for file in planted.files:
        found = records(out, file)
        assert len(found) == file.rows
        assert {line for line, _ in file.bad} <= {line for line, _ in found}
    app = next(f for f in planted.files if f.source == "app")
    lines = [line for line, _ in records(out, app)]
    assert lines[-1] > len(lines) + 1, "some notes hold a line break"


def test_what_is_planted_is_what_stands_there(network):
    """Spot checks by a reading of our own, file by file."""
    out, planted = network
    for file in planted.files:
        if file.source not in ("app", "log"):
            continue
        person = "Patient ID" if file.source == "app" else "user"
        rows = dict(records(out, file))
        strangers = {
            n for n, row in rows.items() if str(row.get(person)).startswith(("RVX", "HBX"))
        }
        nobody = {n for n, row in rows.items() if not row.get(person)}
        assert strangers == {line for line, rule in file.bad if rule == "unknown_participant"}
        assert nobody == {line for line, rule in file.bad if rule == "missing_required"}


def test_without_bad_share_nothing_is_bad(tmp_path):
    planted = write_network(tmp_path, people=40, bad_share=0)
    assert planted.by_rule.total() == 0 and sum(f.repeated for f in planted.files) == 0


def test_any_number_of_clinics_and_people(tmp_path):
    planted = write_network(tmp_path, clinics=6, people=13, seed=3)
    assert {f.clinic for f in planted.files} >= {"riverside", "riverside_05", "lindenhof_06"}
    toml = read_source(tmp_path / "riverside_05" / "app" / "source.toml")
    assert toml.mapping.clinic == "riverside_05"


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_network(tmp_path / name, people=40, seed=seed)
    a, b, c = (files_of(tmp_path / name) for name in "abc")
    assert a == b and a != c


@pytest.mark.parametrize("clinic", CLINICS, ids=lambda c: c.clinic_id)
def test_every_kind_of_programme_occurs(clinic):
    people = enrolments(clinic, 800, np.random.default_rng(5))
    assert {p.weeks for p in people} == set(WEEKS)
    assert {p.modality for p in people} == set(MODALITIES)
    assert {p.setting for p in people} == {*SETTINGS, "clinic_supervised"}
    assert {p.technique for p in people} <= set(TECHNIQUES)
    statuses = {p.status(clinic.exported) for p in people}
    assert statuses == {"planned", "running", "completed", "stopped_by_participant"}
    assert max(WEEKS, key=WEEKS.__getitem__) == 4, "four weeks are the commonest programme"
