"""The real exports as the standard library reads them: the truth that tests/e2e/test_real_data.py holds a run against.

Nothing of the pipeline is used here, so that a wrong pipeline cannot agree with itself.
"""

import csv
import io
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("FOLLOWTHROUGH_SHARED", ROOT.parent / "shared")) / "data"
PORT_CSV = SHARED / "port_cbt" / "thomas-mcgregor_port-paper-variables_2024.csv"
XOVER_CSV = SHARED / "amitriptyline_hivsn" / "DataFiles" / "xoverPP.csv"

# The study's diagnosis -> the condition to which tests/real/port_cbt maps it.
CONDITION_OF = {
    "generalised_anxiety_disorder": "anxiety",
    "depressive_episode": "depression",
    "recurrent_depressive_disorder": "recurrent_depression",
    "social_phobias": "social_phobia",
    "panic_disorder_episodic_paroxysmal_anxiety": "panic_disorder",
    "agoraphobia_with_or_without_panic_disorder": "agoraphobia",
    "post_traumatic_stress_disorder": "post_traumatic_stress",
    "specific_isolated_phobias": "specific_phobia",
    "obsessive_compulsive_disorder": "obsessive_compulsive",
    "somatoform_disorders": "somatoform",
}


def copy_files(source: Path, target: Path) -> None:
    """Contents only: the originals are read-only, the copies must not be."""
    for path in source.rglob("*"):
        if path.is_file():
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def read_rows(path: Path) -> list[dict[str, str]]:
    """A CSV with any line ends."""
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline=None)))


def number(text: str) -> float | None:
    """None where the export says that it does not know."""
    return None if text in ("", "NA") else float(text)


def pairs_by(
    rows: list[dict[str, str]], group: str, first: str, last: str
) -> dict[str, list[float]]:
    """Group -> improvement (first - last) of every row that has both."""
    found: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        before, after = number(row[first]), number(row[last])
        if before is not None and after is not None:
            found[row[group]].append(before - after)
    return found


def pmdata_records(kind: str) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """(file below the source, line or element, record) of every record of one kind."""
    for path in sorted((SHARED / "pmdata").glob(f"p*/{kind}")):
        name = path.relative_to(SHARED / "pmdata").as_posix()
        if path.suffix == ".json":
            yield from ((name, n, row) for n, row in enumerate(json.loads(path.read_text()), 1))
        else:
            yield from ((name, n, row) for n, row in enumerate(read_rows(path), 2))


def pmdata_refused(source: str) -> set[tuple[str, int]]:
    """What must be refused: no duration, over 240 minutes, a 0 on an item that runs from 1 to 5."""
    scales = ("fatigue", "mood", "stress", "sleep_quality", "soreness")
    kind, is_bad = {
        "srpe": ("pmsys/srpe.csv", lambda row: not row["duration_min"]),
        "exercise": ("fitbit/exercise.json", lambda row: row["duration"] > 240 * 60_000),
        "wellness": ("pmsys/wellness.csv", lambda row: any(row[item] == "0" for item in scales)),
    }[source]
    return {(name, n) for name, n, row in pmdata_records(kind) if is_bad(row)}
