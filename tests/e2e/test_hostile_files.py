"""Files that would hang, fill or mislead a run: each is refused with exit 12 and told, the other files go on."""

import json
import os
import resource
import socket
import zipfile
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from flows.readers import READERS
from flows.steps.ledger import Problem
from flows.steps.pipeline import ingest_all
from schemas.errors import ExitCode
from schemas.source import Dialect
from tests.tiny_world import fast_folder, processes, write_world
from tests.workbooks import sheet_of, write_workbook

SESSION = "raw/riverside/session"
MB = 1 << 20
MAPPING = """
clinic = "riverside"
table = "session"
reader = "{reader}"
files = "{files}"
exported_at = "fixed:2026-03-31"
timezone = "Europe/Berlin"
[columns]
participant_id = "id"
started_at = "start"
minutes = "minutes"
"""


@pytest.fixture
def data() -> Iterator[Path]:
    with fast_folder() as folder:
        write_world(folder)
        yield folder


def add_source(data: Path, reader: str, files: str) -> Path:
    folder = data / f"raw/riverside/{reader}"
    folder.mkdir()
    (folder / "source.toml").write_text(MAPPING.format(reader=reader, files=files))
    return folder


def refused(data: Path) -> list[str]:
    """What a run tells of the hostile files, after the tiny clinic's own three came through."""
    ledger = ingest_all(data)
    assert [f["file_name"] for f in ledger.files] == ["export.csv"] * 3
    assert {p.exit_code for p in ledger.problems} <= {ExitCode.EXPORT_UNREADABLE}
    return [problem.message for problem in ledger.problems]


# --- what is no file --------------------------------------------------------------------------


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path.name)
    os.chdir(here)


def make_link_out(path: Path) -> None:
    secret = path.parents[3] / "secret.csv"
    secret.write_text("participant_id,started_at,minutes\nP1,2026-01-06 10:00,20\n")
    path.symlink_to(secret)


def make_folder_link_out(path: Path) -> None:
    outside = path.parents[3] / "outside"
    outside.mkdir()
    (outside / "b.csv").write_text("participant_id,started_at,minutes\n")
    path.symlink_to(outside)


NO_FILES = {
    "pipe.csv": (make_pipe, "is a named pipe, not a file"),
    "socket.csv": (make_socket, "is a socket, not a file"),
    "zero.csv": (lambda path: path.symlink_to("/dev/zero"), "is a device, not a file"),
    "link.csv": (make_link_out, "is a link to a file outside its folder"),
    "linked": (make_folder_link_out, "is a folder, not a file"),
    "nowhere.csv": (lambda path: path.symlink_to("gone.csv"), "is a link that leads nowhere"),
    "loop.csv": (lambda path: path.symlink_to("loop.csv"), "is a link that leads nowhere"),
    "folder.csv": (lambda path: path.mkdir(), "is a folder, not a file"),
}


@pytest.mark.parametrize("name", NO_FILES)
def test_what_is_no_file_is_told_and_not_opened(data: Path, name: str) -> None:
    make, words = NO_FILES[name]
    make(data / SESSION / name)
    (message,) = refused(data)
    assert message.startswith(f"riverside/session/{name}: ")
    assert words in message


def test_a_linked_folder_beside_the_sources_is_told(data: Path) -> None:
    """Nothing below it is read; a clinic that is missing for this reason must not be missing in silence."""
    outside = data / "elsewhere"
    outside.mkdir()
    (data / "raw/hillside").symlink_to(outside)
    (problem,) = ingest_all(data).problems
    assert problem == Problem(
        ExitCode.SOURCE_WRONG,
        f"{data / 'raw/hillside'}: is a link to a folder outside; put the folder itself here, or copy its files",
    )


@pytest.mark.parametrize("make", [make_pipe, lambda path: path.write_bytes(b"#" * 2 * MB)])
def test_a_mapping_that_is_none_is_not_read(data: Path, make) -> None:
    make(data / "raw/riverside/other.source.toml")
    (problem,) = ingest_all(data).problems
    assert problem.exit_code == ExitCode.SOURCE_WRONG
    assert "put a source.toml there" in problem.message


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to the superuser")
def test_a_file_that_may_not_be_read_is_told(data: Path) -> None:
    path = data / SESSION / "closed.csv"
    path.write_text("participant_id,started_at,minutes\n")
    path.chmod(0)
    (message,) = refused(data)
    assert "cannot be opened (Permission denied)" in message


# --- what would fill the memory ---------------------------------------------------------------


def _read_within(limit: int, data: Path, told: Connection) -> None:
    """A run in a process that may hold so many bytes more than it holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + limit
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    before = resource.getrusage(resource.RUSAGE_SELF)
    messages = refused(data)
    after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    told.send((messages, after.ru_maxrss - before.ru_maxrss, seconds))


def read_within(limit: int, data: Path) -> tuple[list[str], int, float]:
    """Messages, how many kB the run held at most beyond those before, and its seconds of work."""
    ours, theirs = processes.Pipe(duplex=False)
    process = processes.Process(target=_read_within, args=(limit, data, theirs))
    process.start()
    theirs.close()
    found = ours.recv()
    process.join()
    return found


def test_a_line_of_5_gb_is_refused_after_its_first_stretch(data: Path) -> None:
    """Sparse: it takes no disk. Neither hashed nor mapped: the first 64 MB settle it."""
    with (data / SESSION / "wide.csv").open("wb") as file:
        file.truncate(5 << 30)
    messages, grown, seconds = read_within(2 << 30, data)
    (message,) = messages
    assert message.startswith("riverside/session/wide.csv: cannot be opened")
    assert "it holds a line longer than 64 MB, so its line ends are broken" in message
    assert grown < 500 << 10
    assert seconds < 10


def test_a_long_line_behind_short_ones_is_refused_too(data: Path) -> None:
    with (data / SESSION / "late.csv").open("wb") as file:
        file.write(b"participant_id,started_at,minutes\nP1,2026-01-06 10:00,20\n")
        file.truncate(1 << 30)
    (message,) = refused(data)
    assert "holds a line longer than 64 MB" in message


@pytest.mark.slow
@pytest.mark.parametrize("form", ["line", "bundle"])
def test_a_text_of_1_gb_in_json_is_refused(data: Path, form: str) -> None:
    folder = add_source(data, "fhir" if form == "bundle" else "jsonl", "*.json")
    (folder / "source.toml").write_text(
        (folder / "source.toml").read_text() + '[dialect]\nresource = "Procedure"\n'
    )
    start = {"line": '{"id":1}\n{"id":"', "bundle": '{"resourceType":"Bundle","entry":[{"id":"'}
    with (folder / "a.json").open("w") as file:
        file.write(start[form])
        for _ in range(1024):
            file.write("x" * MB)
    messages, grown, _ = read_within(4 << 30, data)
    assert len(messages) == 1 and "64 MB" in messages[0]
    assert grown < 900 << 10


@pytest.mark.parametrize(("reader", "is_refused"), [("jsonl", False), ("fhir", True)])
def test_brackets_without_end_are_no_record(data: Path, reader: str, is_refused: bool) -> None:
    folder = add_source(data, reader, "*.json")
    (folder / "source.toml").write_text(
        (folder / "source.toml").read_text() + '[dialect]\nresource = "Procedure"\n'
    )
    nested = '{"a":' * 100_000 + "1" + "}" * 100_000
    (folder / "a.json").write_text(nested + "\n" + (nested + "\n") * (not is_refused))
    ledger = ingest_all(data)
    (read,) = [f for f in ledger.files if f["file_name"] == "a.json"] or [None]
    if is_refused:
        assert [p.exit_code for p in ledger.problems] == [ExitCode.EXPORT_UNREADABLE]
    else:
        assert (read["rows_read"], read["rows_refused"]) == (2, 2)


def test_a_zip_bomb_is_not_unpacked(data: Path) -> None:
    folder = add_source(data, "xlsx", "*.xlsx")
    write_workbook(folder / "bomb.xlsx", {"Data": sheet_of("")})
    with zipfile.ZipFile(folder / "bomb.xlsx", "a", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("xl/worksheets/more.xml", "w", force_zip64=True) as part:
            for _ in range(300):
                part.write(b" " * MB)
    messages, grown, seconds = read_within(2 << 30, data)
    assert "unpacks from" in messages[0]
    assert grown < 500 << 10
    assert seconds < 10


def test_laughing_and_leaking_xml_is_refused(data: Path) -> None:
    folder = add_source(data, "xlsx", "*.xlsx")
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    for name, entities in {
        "laughs": f'<!ENTITY l0 "ha">{laughs}',
        "leak": f'<!ENTITY l9 SYSTEM "{(data / "raw").as_uri()}">',
    }.items():
        row = '<row><c t="str"><v>id</v></c><c t="inlineStr"><is><t>&l9;</t></is></c></row>'
        head, _, rest = sheet_of(row).partition("\n")
        write_workbook(
            folder / f"{name}.xlsx", {"Data": f"{head}\n<!DOCTYPE x [{entities}]>\n{rest}"}
        )
    messages = refused(data)
    assert len(messages) == 2
    assert all("declares a document type" in message for message in messages)


# --- what would mislead -----------------------------------------------------------------------

DISGUISED = {
    "text.xlsx": (b"id,start,minutes\nP1,2026-01-06 10:00,20\n", 'set reader = "csv"'),
    "page.xlsx": (b"<html><table></table></html>", "is a web page"),
    "old.xlsx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000), "(.xls)"),
    "locked.xlsx": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le"),
        "remove the password",
    ),
}


@pytest.mark.parametrize("name", DISGUISED)
def test_a_workbook_that_is_none_is_told_what_it_is(data: Path, name: str) -> None:
    content, words = DISGUISED[name]
    (add_source(data, "xlsx", "*.xlsx") / name).write_bytes(content)
    (message,) = refused(data)
    assert message.startswith(f"riverside/xlsx/{name}: ")
    assert words in message


def test_text_files_that_are_none_are_refused(data: Path) -> None:
    """A workbook named .csv, a NUL byte in a cell, a column that stands twice."""
    write_workbook(data / SESSION / "book.csv", {"Data": sheet_of("")})
    head = "participant_id,started_at,minutes"
    (data / SESSION / "nul.csv").write_text(f"{head}\nP1,2026-01-06 10:00,2\0\n")
    (data / SESSION / "twice.csv").write_text(f"{head},minutes\nP1,2026-01-06 10:00,20,20\n")
    messages = refused(data)
    assert [message.partition(": ")[0] for message in messages] == [
        f"riverside/session/{name}.csv" for name in ("book", "nul", "twice")
    ]
    assert "NUL" in messages[1]
    assert "more than once" in messages[2]


def test_5000_columns_are_no_trouble(data: Path) -> None:
    names = [f"c{n}" for n in range(4997)]
    rows = [["participant_id", "started_at", "minutes", *names]]
    rows += [["P2", f"2026-01-0{n} 10:00", "20", *map(str, range(4997))] for n in (6, 7)]
    (data / SESSION / "broad.csv").write_text("".join(",".join(row) + "\n" for row in rows))
    ledger = ingest_all(data)
    assert ledger.problems == []
    (broad,) = (f for f in ledger.files if f["file_name"] == "broad.csv")
    assert (broad["rows_landed"], len(broad["unmapped_columns"])) == (2, 4997)


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "\tx=1"])
def test_what_a_spreadsheet_would_run_is_text_to_us(tmp_path: Path, text: str) -> None:
    """Nothing is run, and nothing is altered either: what writes to spreadsheets must see to it."""
    cell = text.replace("'", "&#39;")
    cells = "".join(f'<row><c t="str"><v>{word}</v></c></row>' for word in ("id", cell))
    response = {
        "resourceType": "QuestionnaireResponse",
        "item": [{"linkId": "id", "answer": [{"valueString": text}]}],
    }
    item = {"csv": "id", "xlsx": "id", "fhir": "item:id"}
    (tmp_path / "a.csv").write_text(f"id\n{text}\n")
    write_workbook(tmp_path / "a.xlsx", {"Data": sheet_of(cells)})
    (tmp_path / "a.fhir").write_text(json.dumps(response))
    for reader, name in item.items():
        table = READERS[reader](tmp_path / f"a.{reader}", Dialect(delimiter=","), (name,))
        (batch,) = table.batches((name,))
        assert batch.frame[name].to_list() == [text]
