"""`inspect`: drafts that run after a few edited lines, what they leave to a person, no value of a person told."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from flows.steps.inspect_file import inspect_file
from flows.steps.inspect_words import code_of, unit_of, visit_of
from flows.steps.pipeline import ingest_all
from schemas.errors import SourceWrong
from schemas.source import read_source
from schemas.vocabulary import read_vocabularies
from tests.inspected import DEMO_EDITS, edited

DEMO = Path(__file__).parents[3] / "data" / "raw" / "demo"


def _counts(data: Path) -> list[dict[str, Any]]:
    ledger = ingest_all(data)
    assert ledger.problems == []
    names = ("file_name", "table", "rows_read", "rows_landed", "rows_refused", "rows_ignored")
    told = [{name: file[name] for name in names} for file in ledger.files]
    landed = [
        {t: n for t, n in file["landed_rows"].items() if t != "refused"} for file in ledger.files
    ]
    return [one | {"landed": rows} for one, rows in zip(told, landed, strict=True)]


@pytest.mark.parametrize("source", sorted(DEMO_EDITS))
def test_the_draft_of_a_demo_source_runs_after_a_few_edits(source: str, tmp_path: Path) -> None:
    """At most five edited lines, and the same rows land as by the mapping that was written by hand."""
    shipped, drafted = tmp_path / "shipped", tmp_path / "drafted"
    for data in (shipped, drafted):
        shutil.copytree(DEMO / source, data / "raw" / source)
    mapping = drafted / "raw" / source / "source.toml"
    mapping.unlink()
    (told,) = inspect_file(mapping.parent)["files"]
    assert told["drafts"][0]["name"] == "source.toml"
    mapping.write_text(edited(told["drafts"][0]["text"], DEMO_EDITS[source]), encoding="utf-8")
    assert _counts(drafted) == _counts(shipped)


def test_every_demo_source_is_tried() -> None:
    """A new demo source needs its line here."""
    found = {p.parent.relative_to(DEMO).as_posix() for p in DEMO.rglob("*source.toml")}
    assert found == set(DEMO_EDITS)


def _file(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_people_are_suspected_but_never_shown(tmp_path: Path) -> None:
    """By the column's name, or by what the cells look like; the cells themselves stay unseen."""
    rows = [
        f"P{n:03},jane.doe{n}@clinic.test,10.1.2.{n},+49 351 44{n:04},{first} {last},1970-01-{n:02},4,said to be {n}"
        for n, (first, last) in enumerate(
            [(f"{a}na", f"M{b}ller") for a in "ABCDEF" for b in "aeiou"][:28], 1
        )
    ]
    header = "Patient ID,contact,net,call,who,dob,Pain before,remarks"
    path = _file(tmp_path, "a.csv", "\n".join([header, *rows]))
    told = inspect_file(path)
    kinds = {found["column"]: found["kind"] for found in told["files"][0]["identifiers"]}
    assert kinds == {
        "contact": "e-mail",
        "net": "IP address",
        "call": "phone",
        "who": "name",
        "dob": "birth date",
    }
    everything = json.dumps(told)
    for secret in ("jane.doe", "10.1.2.", "+49", "Mller", "1970-01", "said to be", "P001"):
        assert secret not in everything


def test_contradictory_dates_are_told_and_not_settled(tmp_path: Path) -> None:
    """The receipt counts; the draft leaves date_order out, so that a run refuses the file."""
    rows = ["P1,25/12/2025,10", "P2,12/25/2025,10", "P3,01/02/2025,10"]
    path = _file(tmp_path, "a.csv", "\n".join(["Patient ID,Date,Minutes", *rows]))
    (one,) = inspect_file(path)["files"]
    assert one["receipt"]["date order"].startswith("not settled: contradictory: 1 rows can only")
    text = one["drafts"][0]["text"]
    assert '# date_order = "dmy"  # check: dmy or mdy; contradictory' in text


def test_numbers_that_are_times_get_their_unit(tmp_path: Path) -> None:
    """Milliseconds since 1970, as apps write them."""
    path = _file(tmp_path, "a.jsonl", '{"user":1,"start":1647169179973,"duration_s":600}\n')
    text = inspect_file(path)["files"][0]["drafts"][0]["text"]
    assert '{ column = "start", unit = "epoch_ms" }' in text
    assert '{ column = "duration_s", unit = "s" }' in text


def test_answers_in_words_and_partial_items(tmp_path: Path) -> None:
    """Words without a known figure are left as comments, so they are refused until a person gives one."""
    header = "id,date," + ",".join(f"peg_{n}" for n in (1, 2)) + ",gad7_total"
    path = _file(tmp_path, "a.csv", f"{header}\nP1,2025-01-31,mild,severe,12\n")
    text = inspect_file(path)["files"][0]["drafts"][0]["text"]
    assert '# "mild" =   # check: the figure' in text
    assert "# check: items are missing" in text
    assert 'scores   = { total = "gad7_total" }' in text


def test_guesses_are_marked(tmp_path: Path) -> None:
    """Encoding and quote that the bytes do not settle are filled in, and named as guesses."""
    path = _file(
        tmp_path, "a.csv", "Patient ID;Datum;note\nP1;01.02.2025;'Rücken'\n".encode("cp1252")
    )
    (one,) = inspect_file(path)["files"]
    assert one["guesses"]["encoding"] == "cp1252"
    assert 'encoding    = "cp1252"  # check: a guess' in one["drafts"][0]["text"]


@pytest.mark.parametrize(
    ("label", "visit"),
    [
        ("baseline_arm_1", "BASELINE"),
        ("week_4_arm_2", "WK4"),
        ("Woche 8", "WK8"),
        ("12 weeks", "WK12"),
        ("_wk2", "WK2"),
        ("One week", "FU1W"),
        ("6 months", "WK26"),
        ("Six months", "WK26"),
        ("End of program", "EOP"),
        ("Visit 7", None),
    ],
)
def test_visits_by_their_labels(label: str, visit: str | None) -> None:
    """A label without a clear meaning keeps its own name."""
    assert visit_of(label) == visit


def test_codes_and_units_by_their_words() -> None:
    """ICD-10 by its first characters; a word in doubt is not guessed."""
    conditions = read_vocabularies()["condition"]
    assert code_of("M54.59", "condition", conditions) == "low_back_pain"
    assert code_of("Kreuzschmerzen", "condition", conditions) == "low_back_pain"
    assert code_of("Finished?", "session_status", read_vocabularies()["session_status"]) is None
    assert [unit_of(name) for name in ("duration_ms", "Dauer (s)", "Share %", "Minutes")] == [
        "ms", "s", "percent", None,
    ]  # fmt: skip


def test_the_zone_is_asked_for_only_where_it_matters(tmp_path: Path) -> None:
    """A draft with a wall clock is refused until the zone is known; dates alone need none."""
    clock = inspect_file(
        _file(tmp_path, "a.csv", "Patient ID,Start,Minutes\nP1,2026-01-05 10:00,5\n")
    )
    text = clock["files"][0]["drafts"][0]["text"]
    assert 'timezone    = "?"  # check' in text
    drafted = _file(tmp_path, "source.toml", text)
    with pytest.raises(SourceWrong, match="key timezone: not an IANA time zone"):
        read_source(drafted)
    dates = inspect_file(_file(tmp_path, "b.csv", "Patient ID,Date,Minutes\nP1,2026-01-05,5\n"))
    assert 'timezone    = "UTC"  # decides nothing' in dates["files"][0]["drafts"][0]["text"]


def test_figures_that_a_questionnaire_cannot_have(tmp_path: Path) -> None:
    """Codes for missing answers are named; a `pain` that counts something else is no questionnaire."""
    header = "id,date," + ",".join(f"gad7_{n}" for n in range(1, 8)) + ",pain"
    rows = [f"P{n:03},2026-01-{n:02},1,2,3,0,1,-99,2,{n * 50}" for n in range(1, 9)]
    told = inspect_file(_file(tmp_path, "a.csv", "\n".join([header, *rows])))["files"][0]
    (gad7,) = told["questionnaires"]
    assert "8 answers lie outside 0 to 3; -99 may stand for missing" in gad7
    assert '"-99"]  # check: whether -99 mean no answer' in told["drafts"][0]["text"]


def test_what_names_do_not_tell_cells_may(tmp_path: Path) -> None:
    """A person by ids, a visit by its words, a time by its dates: taken if only one column would do, and marked."""
    header = "who,occasion of call,entered,phq9_total"
    rows = [
        f"KB-{n:04},{'Baseline' if n % 2 else 'Week 4'},2026-01-{n:02},{n}" for n in range(1, 9)
    ]
    told = inspect_file(_file(tmp_path, "a.csv", "\n".join([header, *rows])))["files"][0]
    assert (told["participant"], told["visit"]) == ("who", "occasion of call")
    assert told["times"] == {"completed_at": ["entered"]}
    text = told["drafts"][0]["text"]
    assert 'participant_id = "who"  # check: by what its cells look like' in text


def test_between_two_columns_nothing_is_guessed(tmp_path: Path) -> None:
    """Both are named, none is mapped."""
    rows = [f"P{n},2026-01-{n:02},2026-02-{n:02},{n}" for n in range(1, 9)]
    path = _file(tmp_path, "a.csv", "\n".join(["id,asked,keyed in,phq9_total", *rows]))
    told = inspect_file(path)
    assert told["files"][0]["undecided"] == {"completed_at": ["asked", "keyed in"]}
    assert any("completed_at may be asked or keyed in" in line for line in told["lines"])
    assert '# completed_at = "asked"  # check: or keyed in' in told["files"][0]["drafts"][0]["text"]


def test_what_was_looked_for_in_vain_is_told(tmp_path: Path) -> None:
    """Each with what to declare."""
    lines = inspect_file(_file(tmp_path, "a.csv", "shoe,hat\n41,57\n43,58\n"))["lines"]
    for word in ("participant", "times", "visits", "questionnaires"):
        assert any(
            line.startswith(f"{word}: n") and "looked for names such as" in line for line in lines
        )
    assert "table: enrolment (not recognised: only the form of a draft); 2 rows seen" in lines


def test_birth_dates_and_coordinates_by_their_cells(tmp_path: Path) -> None:
    """Dates a grown-up's age before the others; degrees side by side. Figures of a trial are no degrees."""
    rows = [
        f"P{n},2026-01-{n:02},{1950 + n}-03-04,51.0{n}123,13.7{n}456,4.57142857142857{n},1.309523809523{n}"
        for n in range(10, 29)
    ]
    path = _file(tmp_path, "a.csv", "\n".join(["Patient ID,Date,x,y1,y2,m1,m2", *rows]))
    told = inspect_file(path)
    found = {one["column"]: one["kind"] for one in told["files"][0]["identifiers"]}
    assert found == {"x": "birth date", "y1": "coordinates", "y2": "coordinates"}
    assert "51.0" not in json.dumps(told)


def test_a_header_below_a_preamble(tmp_path: Path) -> None:
    """Narrower lines above the header are passed over, as by a run."""
    content = "Report of March\n\nPatient ID,Date,Minutes\nP1,2026-01-05,5\nP2,2026-01-06,9\n"
    told = inspect_file(_file(tmp_path, "a.csv", content))["files"][0]
    assert told["participant"] == "Patient ID"
    assert told["rows_seen"] == 2


def test_lengths_too_long_for_minutes_get_their_unit(tmp_path: Path) -> None:
    rows = [f"P1,2026-01-{n:02},{n * 100_000}" for n in range(10, 20)]
    path = _file(tmp_path, "a.csv", "\n".join(["Patient ID,Date,Duration", *rows]))
    text = inspect_file(path)["files"][0]["drafts"][0]["text"]
    assert '{ column = "Duration", unit = "ms" }  # check: by the size of its figures' in text
