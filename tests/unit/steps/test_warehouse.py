"""What a build drops before its end is read by nothing after it."""

import re
from pathlib import Path

from flows.steps.sql_files import find_sql_files, tables_done_with
from flows.steps.warehouse import READ_LATER

STEPS = Path(__file__).parents[3] / "flows" / "steps"


def behind(name: str) -> set[str]:
    """The tables that stand behind a name: itself, or what its view reads."""
    file = {f.name: f for f in find_sql_files("staging", "facts")}.get(name)
    if file is None or not file.is_view:
        return {name}
    return {below for read in file.reads for below in behind(read)}


def test_no_table_is_dropped_before_its_last_reader() -> None:
    built, files = set(), find_sql_files("staging", "facts")
    dropped: set[str] = set()
    done_with = tables_done_with(READ_LATER)
    for file in files:
        read = {below for name in file.reads for below in behind(name)}
        assert not read & dropped, f"{file.name} reads what is gone"
        assert read <= built | {file.name}, f"{file.name} reads what is not there yet"
        built |= behind(file.name) if not file.is_view else set()
        dropped |= set(done_with.get(file.name, ()))
    for file in find_sql_files("marts", "ops"):
        assert not {below for name in file.reads for below in behind(name)} & dropped
    assert len(dropped) > 10  # else nothing is gained


def test_what_python_reads_after_the_facts_is_kept() -> None:
    modules = [*STEPS.glob("infer*.py"), STEPS / "evidence_pairs.py", STEPS / "problems.py"]
    read = {
        name
        for path in modules
        for name in re.findall(r"(?:from|join) (staging\.\w+)", path.read_text(encoding="utf-8"))
    }
    staged = {f.name for f in find_sql_files("staging")}
    assert read & staged == set(READ_LATER)


def test_what_the_analyst_sees_is_kept() -> None:
    dropped = {name for names in tables_done_with(READ_LATER).values() for name in names}
    assert not dropped & {f.name for f in find_sql_files("staging") if f.is_published}
    assert not [name for name in dropped if not name.startswith("staging.")]
