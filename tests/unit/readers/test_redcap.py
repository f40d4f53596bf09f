"""What the golden pairs of REDCap do not show: evidence, the dictionary that is chosen, several passes and batches."""

from pathlib import Path
from unittest.mock import patch

import pytest

from flows.readers import csv_rows, redcap
from flows.readers.redcap_dictionary import find_dictionary, is_dictionary
from schemas.source import Dialect

API = "field_name,form_name,field_type,field_label,select_choices_or_calculations,text_validation_type_or_show_slider_number\n"


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("header", "evidence"),
    [
        ("record_id,redcap_event_name,q1", "columns redcap_event_name"),
        ("record_id,a___1,b,form_complete", "columns a___1, form_complete"),
        ("Record ID,Play? (choice=Guitar),Complete?", "columns Complete?, Play? (choice=Guitar)"),
        ("id,date,minutes", None),
        ("field_name,form_name,field_type", None),
        ("", None),
    ],
)
def test_looks_like(tmp_path: Path, header: str, evidence: str | None) -> None:
    assert redcap.looks_like(_write(tmp_path / "x.csv", header + "\n1,2,3\n")) == evidence


def test_the_dictionary_that_knows_most_fields_is_taken(tmp_path: Path) -> None:
    _write(tmp_path / "old_metadata.csv", API + "record_id,f,text,,,\n")
    _write(tmp_path / "Other_DataDictionary.csv", API + "x,f,text,,,\n")
    best = _write(
        tmp_path / "Trial_DataDictionary.csv", API + "record_id,f,text,,,\nq1,f,calc,,,\n"
    )
    _write(tmp_path / "notes_on_metadata.csv", "who,what\n1,2\n")
    export = _write(tmp_path / "data.csv", "record_id,q1\n1,2\n")
    found, told = find_dictionary(export, ("record_id", "q1"))
    assert found is not None
    assert found.file_name == best.name
    assert told.startswith("Trial_DataDictionary.csv (sha256 ")
    assert find_dictionary(export, ("something", "else")) == (
        None,
        "none that knows a field of this export",
    )


def test_a_dictionary_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = _write(tmp_path / "DataDictionary.csv", API + "record_id,f,text,,,\n")
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "DataDictionary.csv").symlink_to(outside)
    export = _write(folder / "data.csv", "record_id\n1\n")
    assert find_dictionary(export, ("record_id",)) == (None, "none beside the export")


def test_a_dictionary_that_cannot_be_read_is_not_used_and_told(tmp_path: Path) -> None:
    text = API + "record_id,f,text,Größe,,\n"
    (tmp_path / "DataDictionary.csv").write_bytes(text.encode("cp1252"))
    export = _write(tmp_path / "data.csv", "record_id,a_complete\n1,2\n")
    assert is_dictionary(tmp_path / "DataDictionary.csv")
    receipt = redcap.open_table(export, Dialect(), ("record_id",)).receipt
    assert receipt["data dictionary"].startswith("not used: DataDictionary.csv: ")


def test_lines_and_counts_hold_over_batches_and_passes(tmp_path: Path) -> None:
    rows = [f"{n},,,{n % 7},2,,\n{n},diary,1,,,{n % 11},2" for n in range(500)]
    header = "record_id,redcap_repeat_instrument,redcap_repeat_instance,q1,a_complete,pain,diary_complete"
    export = _write(tmp_path / "data.csv", "\n".join([header, *rows]) + "\n")
    table = redcap.open_table(export, Dialect(), ("record_id", "pain"))
    with patch.object(csv_rows, "BATCH_ROWS", 64):
        for _ in range(2):
            batches = list(table.batches(("record_id", "pain")))
            read = [row for batch in batches for row in batch.frame.iter_rows()]
            assert read == [(2 * n + 3, str(n), str(n % 11)) for n in range(500)]
            assert sum(batch.n_ignored for batch in batches) == 500
            assert table.receipt["lines of other instruments"] == "500"
    assert next(iter(table.batches(("record_id",)))).frame.height == 1000


def test_a_ragged_line_stays_broken(tmp_path: Path) -> None:
    export = _write(tmp_path / "data.csv", "record_id,q1,a_complete\n1,2,2\n2,3\n")
    (batch,) = redcap.open_table(export, Dialect(), ("record_id",)).batches(("record_id", "q1"))
    assert batch.broken.rows() == [(3, "ragged_row")]
    assert batch.n_read == 2


def test_a_column_of_the_export_goes_before_one_that_is_made(tmp_path: Path) -> None:
    text = "record_id,a_timestamp,a_status,a_complete\n1,2026-01-05 10:00:00,retired,2\n"
    export = _write(tmp_path / "data.csv", text)
    (batch,) = redcap.open_table(export, Dialect(), ()).batches(("record_id", "a_status"))
    assert batch.frame.rows() == [(2, "1", "retired")]
