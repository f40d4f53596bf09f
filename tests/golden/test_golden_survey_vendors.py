"""Golden pairs of the survey vendors' exports: each trap of the formats beside what must be read, or why it is refused.

`<reader>/<trap>.json` holds the declared dialect, what stands beside it in a mapping (`timezone`, `coded` cells, `ids`), the columns
that are mapped, and either the rows (physical line first) with the records ignored and lines of the receipt, or a part of the
refusal. A data dictionary of REDCap stands in a folder with the exports that it belongs to.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from flows.readers import READERS
from schemas.errors import ExitCode, ExportUnreadable
from schemas.source import Dialect

HERE = Path(__file__).parent
VENDORS = ("redcap", "qualtrics", "surveymonkey", "google_forms")
PAIRS = sorted(p for vendor in VENDORS for p in (HERE / vendor).rglob("*.json"))


def _read(path: Path, expected: dict[str, Any]) -> dict[str, Any]:
    beside = {key: expected[key] for key in ("timezone", "coded", "ids") if key in expected}
    dialect = Dialect(**expected.get("dialect", {})).beside(**beside)
    wanted = tuple(expected["wanted"])
    table = READERS[path.relative_to(HERE).parts[0]](path, dialect, wanted)
    batches = list(table.batches(wanted))
    assert all(batch.frame.columns == ["line", *wanted] for batch in batches)
    told = {
        "rows": [list(row) for batch in batches for row in batch.frame.iter_rows()],
        "broken": [list(row) for batch in batches for row in batch.broken.iter_rows()],
        "ignored": sum(batch.n_ignored for batch in batches),
    }
    if "receipt" in expected:
        told["receipt"] = {key: table.receipt.get(key) for key in expected["receipt"]}
    return told


@pytest.mark.parametrize(
    "pair", PAIRS, ids=lambda p: p.relative_to(HERE).with_suffix("").as_posix()
)
def test_golden_pair(pair: Path) -> None:
    """Each trap is read as its pair says, or refused with exit 12 and the right reason."""
    expected = json.loads(pair.read_text(encoding="utf-8"))
    path = pair.with_suffix(".csv")
    if "refused" in expected:
        with pytest.raises(ExportUnreadable) as refusal:
            _read(path, expected)
        assert refusal.value.exit_code == ExitCode.EXPORT_UNREADABLE
        assert expected["refused"] in refusal.value.message
        assert refusal.value.message.startswith(path.name)
    else:
        told = {k: expected[k] for k in ("rows", "broken", "ignored", "receipt") if k in expected}
        assert _read(path, expected) == told


def test_every_export_has_its_pair() -> None:
    """No golden file is left without the other half; a dictionary has its exports."""
    exports = {p for vendor in VENDORS for p in (HERE / vendor).rglob("*.csv")}
    dictionaries = {p for p in exports if "DataDictionary" in p.name}
    assert {p.with_suffix(".csv") for p in PAIRS} == exports - dictionaries
    assert all(any(p.parent == pair.parent for pair in PAIRS) for p in dictionaries)
