"""Golden pairs: an export as received beside what must be read from it, or why it is refused.

`<trap>.json` holds the dialect that is declared, the columns that are mapped, and either the rows (physical
line first), the broken rows and the number of empty records, or a part of the message of refusal.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from flows.readers import READERS
from schemas.errors import ExitCode, ExportUnreadable
from schemas.source import Dialect

HERE = Path(__file__).parent
PAIRS = sorted([*(HERE / "csv").glob("*.csv"), *(HERE / "json").glob("*.jsonl")])


def _read(path: Path, expected: dict[str, Any]) -> dict[str, Any]:
    wanted = tuple(expected["wanted"])
    reader = READERS[path.suffix.removeprefix(".")]
    batches = list(reader(path, Dialect(**expected.get("dialect", {})), wanted).batches(wanted))
    return {
        "rows": [list(row) for batch in batches for row in batch.frame.iter_rows()],
        "broken": [list(row) for batch in batches for row in batch.broken.iter_rows()],
        "ignored": sum(batch.n_ignored for batch in batches),
    }


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_golden_pair(path: Path) -> None:
    """Each trap is read as its pair says, or refused with exit 12 and the right reason."""
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    if "refused" in expected:
        with pytest.raises(ExportUnreadable) as refusal:
            _read(path, expected)
        assert refusal.value.exit_code == ExitCode.EXPORT_UNREADABLE
        assert expected["refused"] in refusal.value.message
        assert refusal.value.message.startswith(path.name)
    else:
        told = {key: expected[key] for key in ("rows", "broken", "ignored")}
        assert _read(path, expected) == told


def test_every_export_has_its_pair() -> None:
    """No golden file is left without the other half."""
    exports = {path.with_suffix("") for path in PAIRS}
    assert exports == {
        p.with_suffix("") for folder in ("csv", "json") for p in (HERE / folder).glob("*.json")
    }
