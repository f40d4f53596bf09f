"""The first lines of a drafted `source.toml`: whose export, which table, which files, when exported, in which zone."""

import re
from dataclasses import dataclass
from pathlib import Path

from flows.steps.inspect_columns import Roles
from flows.steps.inspect_lines import quoted
from flows.steps.inspect_sample import Sample
from flows.steps.inspect_times import has_clock

_NAME_DATES = {
    r"\d{4}-\d{2}-\d{2}": "%Y-%m-%d",
    r"\d{4}_\d{2}_\d{2}": "%Y_%m_%d",
    r"(?<!\d)20\d{6}(?!\d)": "%Y%m%d",
    r"\d{2}-\d{2}-20\d{2}": "%d-%m-%Y",
}
UNKNOWN = "?"  # is refused as a time zone, with the line and an example


@dataclass(frozen=True)
class Place:
    """Where a draft will stand: its folder, the glob for its exports, and the part of their path that names the person."""

    folder: Path
    files: str
    person: str | None = None
    n_files: int = 1


def head_lines(
    sample: Sample, roles: Roles, place: Place, times: dict[str, list[str]]
) -> list[str]:
    """The keys above the first table."""
    clinic = place.folder.resolve().parent.name
    named = bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", clinic))
    pattern = next((f for d, f in _NAME_DATES.items() if re.search(d, sample.path.name)), None)
    mode = '# mode      = "snapshot"  # check: if each export is complete, so that absence deletes'
    return [
        f"clinic      = {quoted(clinic if named else 'clinic')}  # check: taken from the folder above",
        f"table       = {quoted(roles.table)}",
        f"reader      = {quoted(sample.format)}",
        f"files       = {quoted(place.files)}",
        *([mode] if place.n_files > 1 and place.person is None else []),
        f"exported_at = {quoted(f'name:{pattern}' if pattern else 'mtime')}"
        + ("" if pattern else "  # check: name:<format>, column:<name> or fixed:<date>"),
        f"timezone    = {_zone(sample, roles, times)}",
    ]


def _zone(sample: Sample, roles: Roles, times: dict[str, list[str]]) -> str:
    """The zone, or why it does not matter; where it matters and nothing tells it, what is refused until it is known."""
    if sample.zone:
        return f"{quoted(sample.zone)}  # named by the export"
    tz = roles.columns.get("tz")
    if tz in sample.frame.columns and not sample.frame[str(tz)].null_count():
        return f'"UTC"  # decides nothing: rows name theirs in {tz}'
    clocks = [c for group in times.values() for c in group if has_clock(sample.frame[c])]
    clocks += [roles.clock] if roles.clock else []
    if not clocks:
        return '"UTC"  # decides nothing: the export holds no time of day'
    return f'{quoted(UNKNOWN)}  # check: the clinic\'s own, such as "Europe/Berlin"; needed for {clocks[0]}'
