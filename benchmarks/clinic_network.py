"""Write a synthetic clinic network: exports of four dialects, dirty as real ones are, any size.

    python -m benchmarks.clinic_network data/raw/demo                     # the demo in git
    python -m benchmarks.clinic_network OUT --clinics 12 --people 5000 --seed 1
    python -m benchmarks.clinic_network OUT --sessions 10000000           # one big session export

Every bad row is planted on purpose and known to the line (`Planted`).
"""

import argparse
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from benchmarks.dialects import harbour, lindenhof, maplewood, riverside
from benchmarks.dirt import Export, soil
from benchmarks.formats import WRITERS
from benchmarks.sessions import write_sessions
from benchmarks.world import Clinic, Enrolment, enrolments

TEMPLATES = Path(__file__).parent / "sources"
DEFAULT_CLINICS, DEFAULT_PEOPLE, DEFAULT_SEED, DEFAULT_BAD_SHARE = 4, 400, 7, 0.03

Exports = Callable[[Clinic, list[Enrolment], np.random.Generator], list[Export]]
DIALECTS: dict[str, Exports] = {
    "riverside": riverside.exports,
    "lindenhof": lindenhof.exports,
    "harbour": harbour.exports,
    "maplewood": maplewood.exports,
}
CLINICS = (
    Clinic(
        "riverside",
        "riverside",
        prefix="RV",
        timezone="America/Los_Angeles",
        exported=date(2026, 3, 31),
        per_week=(2, 3, 5),
        arms=("standard", "coached"),
    ),
    Clinic(
        "lindenhof",
        "lindenhof",
        prefix="LH",
        timezone="Europe/Berlin",
        exported=date(2026, 3, 29),
        per_week=(2, 3, 4),
        arms=("none",),
    ),
    Clinic(
        "harbour",
        "harbour",
        prefix="HB",
        timezone="Australia/Sydney",
        exported=date(2026, 3, 31),
        per_week=(7, 7, 14),
        arms=("none",),
    ),
    Clinic(
        "maplewood",
        "maplewood",
        prefix="MW",
        timezone="America/Toronto",
        exported=date(2026, 3, 27),
        per_week=(1, 2, 3),
        arms=("group", "single"),
    ),
)


@dataclass(frozen=True)
class PlantedFile:
    """What one export file holds: records, and each bad one as (physical line, rule)."""

    clinic: str
    source: str
    file_name: str
    rows: int
    bad: tuple[tuple[int, str], ...]
    repeated: int  # identical rows sent twice
    empty: int  # rows without any value

    @property
    def by_rule(self) -> Counter[str]:
        """How many bad rows fall to each rule."""
        return Counter(rule for _, rule in self.bad)


@dataclass(frozen=True)
class Planted:
    """What a whole network holds."""

    files: tuple[PlantedFile, ...]

    @property
    def by_rule(self) -> Counter[str]:
        """How many bad rows fall to each rule, over all files."""
        return sum((file.by_rule for file in self.files), Counter())


def write_network(
    out: Path,
    clinics: int = DEFAULT_CLINICS,
    people: int = DEFAULT_PEOPLE,
    seed: int = DEFAULT_SEED,
    bad_share: float = DEFAULT_BAD_SHARE,
) -> Planted:
    """Write `out/<clinic>/<source>/` with export files and their `source.toml`."""
    # Each clinic draws from a stream of its own: a change in one leaves the others as they are.
    streams = np.random.default_rng(seed).spawn(clinics)
    files: list[PlantedFile] = []
    for number, rng in enumerate(streams):
        clinic = _clinic(number)
        share = people // clinics + (number < people % clinics)
        for export in DIALECTS[clinic.dialect](clinic, enrolments(clinic, share, rng), rng):
            if export.rows:  # in a small network nobody may have paused
                files.append(write_export(out, clinic, export, bad_share, rng))
    planted = Planted(tuple(files))
    (out / "SYNTHETIC.md").write_text(_label(planted), encoding="utf-8")
    return planted


def _clinic(number: int) -> Clinic:
    """The four clinics, then further ones that use their dialects in turn."""
    like = CLINICS[number % len(CLINICS)]
    if number < len(CLINICS):
        return like
    return Clinic(**{**like.__dict__, "clinic_id": f"{like.dialect}_{number + 1:02d}"})


def write_export(
    out: Path, clinic: Clinic, export: Export, bad_share: float, rng: np.random.Generator
) -> PlantedFile:
    """Soil one export, write it beside its `source.toml`, and say what it holds."""
    soiled = soil(export, bad_share, rng)
    rows = soiled.rows
    if export.has_empty_last_row:
        rows = [*rows, dict.fromkeys(rows[0], "")]
    content, lines = WRITERS[export.format](rows)
    folder = out / clinic.clinic_id / export.source
    folder.mkdir(parents=True, exist_ok=True)
    (folder / export.file_name).write_bytes(content)
    (folder / "source.toml").write_text(_source_toml(clinic, export.source), encoding="utf-8")
    return PlantedFile(
        clinic=clinic.clinic_id,
        source=export.source,
        file_name=export.file_name,
        rows=len(rows),
        bad=tuple((lines[position], rule) for position, rule in sorted(soiled.bad.items())),
        repeated=soiled.repeated,
        empty=int(export.has_empty_last_row),
    )


def _label(planted: Planted) -> str:
    """The note that travels with every generated network."""
    note = (TEMPLATES / "SYNTHETIC.md").read_text(encoding="utf-8")
    files = [
        f"| {f.clinic}/{f.source}/{f.file_name} | {f.rows} | {len(f.bad)} |" for f in planted.files
    ]
    rules = [f"| {rule} | {count} |" for rule, count in sorted(planted.by_rule.items())]
    return note.replace("{files}", "\n".join(files)).replace("{rules}", "\n".join(rules))


def _source_toml(clinic: Clinic, source: str) -> str:
    template = (TEMPLATES / clinic.dialect / f"{source}.toml").read_text(encoding="utf-8")
    return template.replace(f'"{clinic.dialect}"', f'"{clinic.clinic_id}"', 1)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--clinics", type=int, default=DEFAULT_CLINICS)
    parser.add_argument("--people", type=int, default=DEFAULT_PEOPLE)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--bad-share", type=float, default=DEFAULT_BAD_SHARE)
    parser.add_argument("--sessions", type=int, help="instead: one clinic with this many sessions")
    given = parser.parse_args()
    if given.sessions:
        planted = write_sessions(given.out, given.sessions, given.seed)
    else:
        network = write_network(given.out, given.clinics, given.people, given.seed, given.bad_share)
        planted = network.by_rule
        print(f"{len(network.files)} files, {sum(file.rows for file in network.files)} rows")
    print("planted:", ", ".join(f"{rule} {n}" for rule, n in sorted(planted.items())) or "nothing")


if __name__ == "__main__":
    main()
