"""`inspect` of a folder: one draft for each source in it, saved only if asked for and where nothing stands yet."""

import os
from pathlib import Path

from flows.steps.inspect_file import inspect_file

SESSIONS = "Patient ID,Date,Minutes\nP1,2026-01-05,5\nP2,2026-01-06,9\n"
PAUSES = "Patient ID,From,To\nP1,2026-01-01,2026-01-02\n"


def _file(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_folder_gets_one_draft_per_kind(tmp_path: Path) -> None:
    """Files with the same header are one kind; two kinds in a folder need a name each."""
    for day in (1, 2):
        _file(
            tmp_path,
            f"sessions_2026-01-0{day}.csv",
            "Patient ID,Start,Minutes\nP1,2026-01-01 10:00,5\n",
        )
    _file(tmp_path, "pauses_2026-01-01.csv", "Patient ID,From,To\nP1,2026-01-01,2026-01-02\n")
    _file(tmp_path, "broken.csv", b"id,pain\nP1,4\nP2,\x007\n")
    _file(tmp_path, "readme.md", "no export")
    told = inspect_file(tmp_path)
    names = {one["drafts"][0]["name"]: one["n_files"] for one in told["files"]}
    assert names == {"pauses.source.toml": 1, "sessions.source.toml": 2}
    texts = [one["drafts"][0]["text"] for one in told["files"]]
    assert 'files       = "pauses_*.csv"' in texts[0]
    assert 'files       = "sessions_*.csv"' in texts[1]
    assert len(told["problems"]) == 1
    assert "NUL" in told["problems"][0]


def test_drafts_are_saved_only_if_asked_for(tmp_path: Path) -> None:
    """And never over a mapping that stands there, whatever it is called."""
    _file(tmp_path, "raw/one/log/a.csv", SESSIONS)
    _file(tmp_path, "raw/two/log/a.csv", PAUSES)
    kept = _file(tmp_path, "raw/two/log/mine.source.toml", "# mine\n")
    inspect_file(tmp_path)
    assert [p.name for p in tmp_path.rglob("*source.toml")] == ["mine.source.toml"]
    told = inspect_file(tmp_path, write=True)
    written = {d["folder"]: d["written"] for one in told["files"] for d in one["drafts"]}
    assert written == {str(tmp_path / "raw/one/log"): True, str(kept.parent): False}
    saved = tmp_path / "raw/one/log/source.toml"
    assert saved.read_text(encoding="utf-8") == told["files"][0]["drafts"][0]["text"]
    assert kept.read_text(encoding="utf-8") == "# mine\n"
    assert list(kept.parent.glob("*source.toml")) == [kept]
    assert any("not saved: a mapping stands there already" in line for line in told["lines"])
    saved.write_text("# edited\n", encoding="utf-8")
    inspect_file(tmp_path, write=True)
    assert saved.read_text(encoding="utf-8") == "# edited\n"


def test_the_glob_leaves_out_what_lies_beside(tmp_path: Path) -> None:
    """A data dictionary beside its export must not be covered by `files`, also where one file is inspected."""
    export = _file(tmp_path, "P_DATA_2026-01-05.csv", "record_id,a___1,form_complete\n1,0,2\n")
    _file(tmp_path, "P_DataDictionary.csv", "Variable / Field Name,Form Name,Field Type\na,b,c\n")
    _file(tmp_path, "notes.txt", "Dear all,\nplease find below, as promised, the list.\nBest\nK.\n")
    for told in (inspect_file(export), inspect_file(tmp_path)):
        assert 'files       = "P_DATA_*.csv"' in told["files"][0]["drafts"][0]["text"]
    assert len(told["left_out"]) == 2
    assert all("not an export" in message for message in told["left_out"])


def test_folders_of_people_are_one_source(tmp_path: Path) -> None:
    """The files do not say whose they are; the folder does."""
    for n in (1, 2, 3):
        _file(tmp_path, f"p{n:02}/watch/log.csv", "Date,Minutes\n2026-01-05,5\n2026-01-06,7\n")
    (told,) = inspect_file(tmp_path)["files"]
    text = told["drafts"][0]["text"]
    assert told["n_files"] == 3
    assert told["drafts"][0]["folder"] == str(tmp_path)
    assert 'files       = "p*/watch/log.csv"' in text
    assert 'participant_id = { path = "(p[0-9]+)/" }' in text


def test_folders_of_months_are_one_source_and_clinics_are_not(tmp_path: Path) -> None:
    """Figures in a folder's name do not make two clinics one."""
    for month in ("2026-01", "2026-02"):
        _file(tmp_path / "months", f"{month}/log.csv", SESSIONS)
    (told,) = inspect_file(tmp_path / "months")["files"]
    assert 'files       = "*/log.csv"' in told["drafts"][0]["text"]
    for clinic in ("clinic1", "clinic2"):
        _file(tmp_path / "raw", f"{clinic}/app/log.csv", "Date,Minutes\n2026-01-05,5\n")
    assert len(inspect_file(tmp_path / "raw")["files"]) == 2


def test_what_cannot_be_opened_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    """A pipe, and a link that leads out of the folder."""
    _file(tmp_path, "in/log.csv", SESSIONS)
    outside = _file(tmp_path, "secret.csv", SESSIONS)
    os.mkfifo(tmp_path / "in" / "pipe.csv")
    (tmp_path / "in" / "link.csv").symlink_to(outside)
    told = inspect_file(tmp_path / "in")
    assert [one["n_files"] for one in told["files"]] == [1]
    problems = " ".join(told["problems"])
    assert "is a link to a file outside its folder" in problems
    assert "is a named pipe" in problems


def test_a_row_with_diagnosis_and_questionnaires_is_read_twice(tmp_path: Path) -> None:
    """An enrolment and a survey, each with its draft."""
    header = "Patient ID,Diagnosis,Start date," + ",".join(f"gad7_{n}" for n in range(1, 8))
    _file(tmp_path, "a.csv", f"{header}\nP1,anxiety,2026-01-05,1,1,1,1,1,1,1\n")
    (told,) = inspect_file(tmp_path)["files"]
    assert {d["name"]: d["table"] for d in told["drafts"]} == {
        "survey.source.toml": "survey",
        "enrolment.source.toml": "enrolment",
    }
