"""Which landed record stands (architecture 5, Identity, and 8, Natural keys, Files).

Per natural key the newest `exported_at` wins, then the larger file hash; inside one file the first
line stays. A snapshot source deletes what its newest export does not hold, a record that says
`entered in error` deletes itself, and a deletion takes what was exported of an id up to then.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from oracle.landed import Row

Key = tuple[Any, ...]
ERROR_STATUSES = ("entered_in_error", "entered-in-error")


def records_in_force(
    rows: list[Row],
    files: list[Row],
    key_of: Callable[[Row], Key],
    deleted: list[Row] | None = None,
    id_column: str = "",
) -> list[tuple[Key, Row]]:
    """The winning (key, row) of every natural key, deletions taken out, in no special order."""
    by_file = {file["file_key"]: file for file in files}
    newest = newest_export(files)
    gone = deletions(deleted or [], by_file)
    winners: dict[Key, Row] = {}
    for row in rows:
        key = key_of(row)
        if key not in winners or rank(row, by_file) > rank(winners[key], by_file):
            winners[key] = row
    return [
        (key, row)
        for key, row in winners.items()
        if not is_absent(by_file[row["file_key"]], newest)
        and not is_error(row)
        and not is_deleted(row, by_file, gone, id_column)
    ]


def deletions(deleted: list[Row], by_file: dict[str, Row]) -> dict[tuple[str, str, str], Any]:
    """When the newest export said of a record of its source that it is gone."""
    found: dict[tuple[str, str, str], Any] = {}
    for row in deleted:
        record = (row["clinic_id"], row["source_id"], row["record_id"])
        said = by_file[row["file_key"]]["exported_at"]
        found[record] = max(found.get(record, said), said)
    return found


def is_deleted(
    row: Row, by_file: dict[str, Row], gone: dict[tuple[str, str, str], Any], id_column: str
) -> bool:
    """Whether its own source took the record back, then or later."""
    if not gone or row.get(id_column) is None:
        return False
    said = gone.get((row["clinic_id"], row["source_id"], row[id_column]))
    return said is not None and bool(by_file[row["file_key"]]["exported_at"] <= said)


def order_of(files: list[Row]) -> Callable[[Row], Key]:
    """The order of exports and lines as a key: larger is better."""
    by_file = {file["file_key"]: file for file in files}
    return lambda row: rank(row, by_file)


def rank(row: Row, by_file: dict[str, Row]) -> tuple[Any, ...]:
    """Newer export first, then larger hash, then (same bytes) key of the file, then earlier line."""
    file = by_file[row["file_key"]]
    # spec silent: the same bytes under two names tie on everything; the file key settles it.
    return (file["exported_at"], file["file_sha256"], file["file_key"], -row["line"])


def newest_export(files: list[Row]) -> dict[tuple[str, str], Any]:
    """The newest `exported_at` per (clinic, source)."""
    newest: dict[tuple[str, str], Any] = {}
    for file in files:
        if file["table"] == "deleted":
            continue  # a list of deletions is no full export of the others
        source = (file["clinic_id"], file["source_id"])
        newest[source] = max(newest.get(source, file["exported_at"]), file["exported_at"])
    return newest


def is_absent(file: Row, newest: dict[tuple[str, str], Any]) -> bool:
    """A snapshot source whose newest export no longer holds the record."""
    # spec silent: a record that is present in the newest snapshot but refused there counts as
    # absent, because the newest full export then holds no valid version of it.
    source = (file["clinic_id"], file["source_id"])
    return bool(file["mode"] == "snapshot" and file["exported_at"] < newest[source])


def is_error(row: Row) -> bool:
    """A record that was withdrawn by its status."""
    return row.get("status") in ERROR_STATUSES


def enrolment_identity(row: Row) -> Key:
    """Which enrolment a record speaks of; all its prescription versions share this key."""
    if row["enrolment_id"] is not None:
        return (row["clinic_id"], "id", row["enrolment_id"])
    arm = row["arm"] or "none"
    return (row["participant_key"], row["condition_code"], row["start_date"], arm)


def enrolment_key(row: Row) -> Key:
    """Natural key of an enrolment record: the enrolment and the version of its prescription."""
    # spec silent: a first version may leave effective_from out; it then means the start date.
    return (*enrolment_identity(row), row["effective_from"] or row["start_date"])


def pause_key(row: Row) -> Key:
    """Natural key of a pause."""
    return (row["participant_key"], row["from_date"])


def session_keys(rows: list[Row]) -> Callable[[Row], Key]:
    """Natural key of a session; a date-only session is counted among its equals in one file."""
    ordinals = date_only_ordinals(rows)

    def key(row: Row) -> Key:
        if row["session_id"] is not None:
            # spec silent: ids are unique within a clinic, not within one of its sources.
            return (row["clinic_id"], "id", row["session_id"])
        if row["started_at"] is not None:
            return (row["participant_key"], row["enrolment_id"], row["started_at"])
        return (*date_only_part(row), ordinals[row["file_key"], row["line"]])

    return key


def date_only_part(row: Row) -> Key:
    """What identifies a session without a time, up to its ordinal."""
    return (row["participant_key"], row["enrolment_id"], row["local_date"], row["minutes"])


def date_only_ordinals(rows: list[Row]) -> dict[tuple[str, int], int]:
    """1, 2, 3 .. in line order among equal date-only sessions of one file."""
    seen: dict[Key, int] = defaultdict(int)
    ordinals = {}
    for row in sorted(rows, key=lambda r: (r["file_key"], r["line"])):
        if row["started_at"] is None:
            seen[row["file_key"], *date_only_part(row)] += 1
            ordinals[row["file_key"], row["line"]] = seen[row["file_key"], *date_only_part(row)]
    return ordinals


def response_key(row: Row) -> Key:
    """Natural key of a survey response: one filled form of one instrument version."""
    form = (row["instrument"], row["version"])
    if row["response_id"] is not None:
        return (row["clinic_id"], "id", row["response_id"], *form)
    moment = row["completed_at"] or row["local_date"] or row["visit"] or row["visit_label"]
    return (row["participant_key"], row["enrolment_id"], *form, moment)
