"""Golden pairs of the formats that are no plain text: FHIR, and workbooks as the XML of one sheet.

`<trap>.expected.json` holds the dialect that is declared, the columns that are mapped, and either the rows (line
first), the broken ones, the number of empty ones and the deletions, or a part of the message of refusal.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from flows.readers import READERS
from schemas.errors import ExitCode, ExportUnreadable
from schemas.source import Dialect
from tests.workbooks import write_workbook

HERE = Path(__file__).parent
EXPECTED = ".expected.json"
PAIRS = sorted(
    path
    for folder in ("fhir", "xlsx")
    for path in (HERE / folder).iterdir()
    if not path.name.endswith(EXPECTED)
)


def _read(path: Path, reader: str, expected: dict[str, Any]) -> dict[str, Any]:
    wanted = tuple(expected["wanted"])
    table = READERS[reader](path, Dialect(**expected.get("dialect", {})), wanted)
    batches = list(table.batches(wanted))
    return {
        "rows": [list(row) for batch in batches for row in batch.frame.iter_rows()],
        "broken": [list(row) for batch in batches for row in batch.broken.iter_rows()],
        "deleted": [list(row) for batch in batches for row in batch.deleted.iter_rows()],
        "ignored": sum(batch.n_ignored for batch in batches),
    }


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_golden_pair(path: Path, tmp_path: Path) -> None:
    """Each trap is read as its pair says, or refused with exit 12 and the right reason."""
    expected = json.loads((path.parent / (path.stem + EXPECTED)).read_text(encoding="utf-8"))
    export, reader = path, path.parent.name
    if reader == "xlsx":
        export = tmp_path / f"{path.stem}.xlsx"
        sheet = path.read_text(encoding="utf-8")
        write_workbook(export, {"Data": sheet}, is_1904=expected.get("is_1904", False))
    if "refused" in expected:
        with pytest.raises(ExportUnreadable) as refusal:
            _read(export, reader, expected)
        assert refusal.value.exit_code == ExitCode.EXPORT_UNREADABLE
        assert expected["refused"] in refusal.value.message
        assert refusal.value.message.startswith(export.name)
    else:
        told = {"broken": [], "deleted": [], "ignored": 0} | expected
        read = _read(export, reader, expected)
        assert read == {key: told[key] for key in read}


def test_every_export_has_its_pair() -> None:
    """No golden file is left without the other half."""
    expected = {
        path.parent / path.name.removesuffix(EXPECTED)
        for folder in ("fhir", "xlsx")
        for path in (HERE / folder).glob(f"*{EXPECTED}")
    }
    assert {path.with_suffix("") for path in PAIRS} == expected
