"""A drawn clinic, dealt out over many exports that overlap, correct, repeat and delete each other.

Months of two session sources that know of the same evenings, corrections and errors in later exports, a delete file, full
exports of the enrolments of which only the newest speaks, forms sent twice.
"""

import random
from datetime import datetime, timedelta
from pathlib import Path

from tests.exports import Row
from tests.identity_world import describe, write
from tests.seeded_world import draw_clinic

NEWEST = "2026-12-0"
THROUGH = 'data_through = "2026-05-03"'
FORM = ("[instruments.nrs_pain]", 'version = "0-10"', 'items = { q1 = "nrs" }')
DELETES = ("[deletes]", 'files = "*_Deleted_*.csv"', 'column = "gone"')


def deal(seed: int, raw: Path) -> None:
    """The exports of a drawn clinic, below `raw` as they would lie in the end."""
    dice, clinic = random.Random(seed), draw_clinic(seed, n_people=10)
    rows = {table: [dict(row) for row in told] for table, told in clinic.rows.items()}
    for number, row in enumerate(rows["session"]):
        row["session_id"] = f"s{number}" if number % 3 else ""
    app = _source(raw, "app", "session", rows["session"], clinic.timezone, *DELETES)
    _by_month(app, rows["session"])
    changed = [row | {"minutes": 33} for row in dice.sample(rows["session"], 20)]
    changed += [row | {"status": "entered_in_error"} for row in dice.sample(rows["session"], 20)]
    write(app / f"{NEWEST}4.csv", *changed, columns=tuple(rows["session"][0]))
    ids = [row["session_id"] for row in dice.sample(rows["session"], 20) if row["session_id"]]
    write(app / f"app_Deleted_{NEWEST}2.csv", *({"gone": name} for name in ids))
    device = [_seen_by_device(row, dice) for row in dice.sample(rows["session"], 60)]
    folder = _source(raw, "device", "session", device, clinic.timezone)
    write(folder / f"{NEWEST}1.csv", *device[:40], columns=tuple(device[0]))
    write(folder / f"{NEWEST}3.csv", *device[20:], columns=tuple(device[0]))
    _forms_and_plans(raw, rows, clinic.timezone, dice)


def _source(raw: Path, source: str, table: str, rows: list[Row], zone: str, *more: str) -> Path:
    columns = {name: name for row in rows for name in row if name != "nrs"}
    return describe(raw.parent, source, columns, *more, table=table, zone=zone)


def _by_month(folder: Path, rows: list[Row]) -> None:
    months: dict[str, list[Row]] = {}
    for row in rows:
        months.setdefault(row["started_at"][:7], []).append(row)
    for number, told in enumerate(months.values(), 1):
        write(folder / f"2026-11-{number:02}.csv", *told, columns=tuple(rows[0]))


def _seen_by_device(row: Row, dice: random.Random) -> Row:
    """The same evening by another clock, or a session beside it."""
    start = datetime.fromisoformat(row["started_at"]) + timedelta(
        minutes=dice.choice((0, 3, 5, 12, 90))
    )
    found = row | {"started_at": start.isoformat(sep=" ", timespec="minutes"), "session_id": ""}
    return found | {"log_source": "device", "enrolment_id": dice.choice((row["enrolment_id"], ""))}


def _forms_and_plans(raw: Path, rows: dict[str, list[Row]], zone: str, dice: random.Random) -> None:
    forms = _source(raw, "forms", "survey", rows["survey"], zone, *FORM)
    again = [row | {"nrs": (row["nrs"] + 1) % 11} for row in dice.sample(rows["survey"], 5)]
    write(forms / f"{NEWEST}1.csv", *rows["survey"], columns=tuple(rows["survey"][0]))
    write(forms / f"{NEWEST}2.csv", *again, columns=tuple(rows["survey"][0]))
    plans = _source(raw, "plans", "enrolment", rows["enrolment"], zone)
    _amend(plans / "source.toml", 'mode = "snapshot"', THROUGH)
    names = tuple(dict.fromkeys(name for row in rows["enrolment"] for name in row))
    write(plans / f"{NEWEST}1.csv", *rows["enrolment"], columns=names)
    write(plans / f"{NEWEST}2.csv", *rows["enrolment"][:-2], columns=names)
    if rows["pause"]:
        pauses = _source(raw, "pauses", "pause", rows["pause"], zone)
        write(pauses / f"{NEWEST}1.csv", *rows["pause"])


def _amend(path: Path, *lines: str) -> None:
    path.write_text("\n".join([*lines, path.read_text(encoding="utf-8")]), encoding="utf-8")
