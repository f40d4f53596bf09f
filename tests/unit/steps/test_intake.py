"""The moves of taking in: what is new, what is kept, what waits, and what is told."""

import pytest

from flows.steps import intake
from flows.steps.intake import finish_intake, plan_intake, take_in
from flows.steps.ledger import read_ledger
from flows.steps.pipeline import ingest_all
from schemas.errors import ExitCode
from tests.tiny_world import write_world

SESSION = "raw/riverside/session/export.csv"


@pytest.fixture
def data(tmp_path):
    """The tiny world, taken in once."""
    write_world(tmp_path, 2)
    assert ingest_all(tmp_path).problems == []
    return tmp_path


def test_nothing_is_new_the_second_time(data):
    before = read_ledger(data / "warehouse")
    plan = plan_intake(data)
    assert plan.new == []
    assert finish_intake(plan) == before


def test_a_changed_file_takes_the_place_of_its_earlier_version(data):
    before = {f["file_name"]: f["file_key"] for f in read_ledger(data / "warehouse").files}
    write_world(data, 3)
    (export,) = plan_intake(data).new
    assert export.label == "riverside/session/export.csv"
    after = ingest_all(data)
    assert len(after.files) == 3
    assert export.key in {f["file_key"] for f in after.files}
    assert export.key not in before.values()


def test_a_withdrawn_file_is_in_force_no_more(data):
    (data / SESSION).unlink()
    assert [f["table"] for f in ingest_all(data).files] == ["enrolment", "survey"]


def test_all_files_withdrawn_is_told_as_no_exports(data):
    for path in data.rglob("export.csv"):
        path.unlink()
    ledger = ingest_all(data)
    assert (ledger.files, ledger.exit_codes) == ([], [ExitCode.NO_EXPORTS])


def test_an_edited_mapping_takes_its_files_in_again(data):
    mapping = data / "raw/riverside/session/source.toml"
    mapping.write_text(mapping.read_text() + "# a remark\n")
    assert [export.name for export in plan_intake(data).new] == ["export.csv"]


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")]
)
def test_a_file_that_cannot_be_opened_is_told_and_its_earlier_version_stands(
    data, monkeypatch, error
):
    before = read_ledger(data / "warehouse").files
    write_world(data, 3)

    def refuse(path):
        if path == data / SESSION:
            raise error
        return hash_file(path)

    hash_file = intake.read_export.__globals__["hash_file"]
    monkeypatch.setattr("flows.steps.discover.hash_file", refuse)
    ledger = ingest_all(data)
    (problem,) = ledger.problems
    assert problem.exit_code == ExitCode.EXPORT_UNREADABLE
    assert problem.message == (
        f"riverside/session/export.csv: cannot be opened ({error.strerror}); mend that, then run again"
    )
    assert ledger.files == before


def test_a_file_that_goes_while_it_is_listed_is_gone(data, monkeypatch):
    def vanish(path):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr("flows.steps.discover.hash_file", vanish)
    assert ingest_all(data).exit_codes == [ExitCode.NO_EXPORTS]


def test_the_machines_failures_stop_the_intake(data, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    before = read_ledger(data / "warehouse")
    write_world(data, 3)
    monkeypatch.setattr(intake, "ingest_file", fail)
    with pytest.raises(OSError, match="No space left"):
        ingest_all(data)
    assert read_ledger(data / "warehouse") == before


def test_trouble_with_a_file_that_changed_meanwhile_is_no_verdict(data, monkeypatch):
    write_world(data, 3)
    plan = plan_intake(data)

    def fail_after_a_change(export, *_):
        export.path.write_text("")
        raise ValueError("half a row")

    monkeypatch.setattr(intake, "ingest_file", fail_after_a_change)
    assert take_in(plan, plan.new[0]) is None
    assert (plan.waiting, plan.problems) == (["riverside/session/export.csv"], [])
