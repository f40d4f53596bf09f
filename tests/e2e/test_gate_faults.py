"""Faults planted between the build and the gate: each is refused with exit 14, by name and place, and nothing is published."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from flows.steps import release
from flows.steps.pipeline import build_release, ingest_all, run_all
from flows.steps.publish import current_release_id, releases
from schemas.errors import ExitCode, UserError
from tests.tiny_world import fast_folder, write_world

pytestmark = pytest.mark.slow
LATER = datetime(2027, 1, 1, tzinfo=UTC)
WHOLE = "level = 'all' and duration_band = 'all' and modality = 'all' and arm = 'all' and setting = 'all' and clinic_id = 'all'"
PLACE = "all / all / all / all / all / all / all"
OF_WHOLE = f"in (select n from (select rowid as n from marts.mart_outcome where {WHOLE} and visit = 'EOP'))"
ONE_RESPONSE = "response_no = (select min(response_no) from facts.fct_outcome)"
# The definition stands in the rule of a score: the response gets a rule of its own.
OTHER_DEFINITION = f"""
    insert into staging.score_rule
    select * replace (999 as rule_no, 'another' as definition_sha256)
    from staging.score_rule
    where rule_no = (select rule_no from facts.fct_score_figure where {ONE_RESPONSE});
    update facts.fct_score_figure set rule_no = 999 where {ONE_RESPONSE};
"""
# What is done to the built warehouse -> a check that must refuse it, and what its message says.
FAULTS: dict[str, tuple[str, str, str]] = {
    "a cell that stands twice": (
        f"insert into marts.mart_adherence from marts.mart_adherence where {WHOLE}",
        "marts.mart_adherence: key unique", f"mart_adherence, {PLACE}",
    ),
    "a share above 100": (
        f"update marts.mart_adherence set pct_initiated = 140 where {WHOLE}",
        "pct_outside_0_100", f"mart_adherence, {PLACE}",
    ),
    "a part above its whole": (
        f"update marts.mart_adherence set n_evaluable = n_enrolled + 20 where {WHOLE}",
        "part_above_whole", f"mart_adherence, {PLACE}",
    ),
    "a negative count": (
        f"update marts.mart_adherence set n_planned = -1 where {WHOLE}",
        "marts.mart_adherence: n_planned in range", f"mart_adherence, {PLACE}",
    ),
    "a margin that is not the sum of its parts": (
        f"update marts.mart_adherence set n_enrolled = n_enrolled + 30 where {WHOLE}",
        "margin_differs", f"mart_adherence, {PLACE}",
    ),
    "two definitions of one score": (
        OTHER_DEFINITION,
        "version_mixed", "nrs_pain",
    ),
    "no as-of date": (
        "update marts.mart_attrition set as_of_date = null",
        "marts.mart_attrition: release and day", "mart_attrition, ",
    ),
    "a row of another release": (
        "update marts.mart_persistence set release_id = '20200101T000000Z'",
        "marts.mart_persistence: release and day", "mart_persistence, ",
    ),
    "an interval without its mean": (
        f"update marts.mart_outcome set change_ci_lo = change_mean + 1, change_ci_hi = change_mean + 2 where rowid {OF_WHOLE}",
        "interval_without_mean", "mart_outcome, ",
    ),
    "not a number": (
        "update marts.mart_attrition set {double} = 'nan'::double",
        "marts.mart_attrition: figures finite", "mart_attrition, ",
    ),
    "a lost row": (
        "update ops.file set rows_accepted = rows_accepted - 1 where table_name = 'session'",
        "file_rows_lost", "riverside, session",
    ),
    "a part of the key that is missing": (
        f"update marts.mart_adherence set setting = null where {WHOLE}",
        "marts.mart_adherence: setting present", "mart_adherence, ",
    ),
}  # fmt: skip
# What is done to both databases after the disclosure -> check, message.
LATE_FAULTS: dict[str, tuple[str, str, str]] = {
    "a column that was dropped": (
        "alter table analyst.marts.mart_adherence drop column n_planned",
        "marts.mart_adherence: columns", "has the columns of its header",
    ),
    "a mart that is missing": (
        "drop table analyst.marts.mart_worklist",
        "marts.mart_worklist: readable", "crashed, which says nothing about the data",
    ),
    "a small count on the dashboard": (
        f"update dashboard.marts.mart_adherence set n_enrolled = 4 where {WHOLE}",
        "dashboard_small_count", f"mart_adherence, {PLACE}",
    ),
    "a person on the dashboard": (
        "alter table dashboard.marts.mart_adherence add column participant_key varchar",
        "dashboard_names_people", "marts.mart_adherence, participant_key",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[tuple[Path, Path]]:
    """A clinic with one release in force, and the healthy build that would be the next."""
    with fast_folder() as data:
        write_world(data, 2)
        run_all(data, with_gate=False)
        write_world(data, 3)
        ingest_all(data)
        draft = release.start(data, None, LATER)
        assert draft is not None
        release.build(draft)
        built = tmp_path_factory.mktemp("built")
        shutil.copytree(draft.folder, built, dirs_exist_ok=True)
        release.discard(draft)
        yield data, built


@pytest.fixture
def data(world, monkeypatch) -> Iterator[Path]:
    """A copy of the clinic, whose next build is the healthy one, taken over instead of computed."""
    made, built = world
    monkeypatch.setattr(
        release, "build", lambda draft: shutil.copytree(built, draft.folder, dirs_exist_ok=True)
    )
    with fast_folder() as folder:
        shutil.copytree(made, folder, symlinks=True, dirs_exist_ok=True)
        yield folder


def after(monkeypatch: pytest.MonkeyPatch, step: str, fault: str) -> None:
    """Plant a fault once this step of a release is done."""
    real = getattr(release, step)

    def planted(draft: release.Draft) -> object:
        told = real(draft)
        with duckdb.connect(str(draft.folder / "analyst.duckdb")) as connection:
            connection.execute("use analyst")
            if step == "disclose_draft":
                connection.execute(f"attach '{draft.folder / 'dashboard.duckdb'}' as dashboard")
            connection.execute(fault.replace("{double}", _a_figure(connection)))
        return told

    monkeypatch.setattr(release, step, planted)


def _a_figure(connection: duckdb.DuckDBPyConnection) -> str:
    found = connection.execute(
        "select column_name from duckdb_columns() "
        "where table_name = 'mart_attrition' and data_type = 'DOUBLE' order by 1"
    ).fetchone()
    assert found is not None
    return str(found[0])


def check_refused(data: Path, check: str, told: str) -> None:
    before = current_release_id(data / "warehouse"), releases(data / "warehouse")
    with pytest.raises(UserError) as refusal:
        build_release(data, now=LATER)
    message = refusal.value.message
    assert refusal.value.exit_code == ExitCode.GATE_REFUSED
    assert "the old one stays in force" in message
    assert "None offenders" not in message
    results = json.loads((data / "warehouse/last_gate.json").read_text())
    assert results["passed"] is False
    (found,) = (c for c in results["checks"] if c["name"] == check)
    assert found["outcome"] != "passed"
    where = "; ".join(", ".join(place.values()) for place in found["where"])
    assert told in f"{where} {found['what']} {message}"
    page = (data / "warehouse/last_checks.html").read_text()
    assert "The gate refused this release" in page
    assert check in page
    assert before == (current_release_id(data / "warehouse"), releases(data / "warehouse"))
    assert list((data / "warehouse/releases").glob(".*")) == []


@pytest.mark.parametrize(("fault", "check", "told"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_the_build_is_refused(data, monkeypatch, fault, check, told):
    after(monkeypatch, "build", fault)
    check_refused(data, check, told)


@pytest.mark.parametrize(("fault", "check", "told"), LATE_FAULTS.values(), ids=LATE_FAULTS)
def test_a_fault_behind_the_disclosure_is_refused(data, monkeypatch, fault, check, told):
    after(monkeypatch, "disclose_draft", fault)
    check_refused(data, check, told)


def test_without_a_fault_the_same_build_is_published_with_its_checks(data):
    built = build_release(data, now=LATER)
    assert built.folder is not None
    results = json.loads((built.folder / "gate.json").read_text())["checks"]
    with duckdb.connect(str(built.folder / "analyst.duckdb"), read_only=True) as connection:
        told = connection.execute(
            "select name, outcome, kind from ops.check order by name"
        ).fetchall()
    assert told == sorted((c["name"], c["outcome"], c["kind"]) for c in results)
    assert {outcome for _, outcome, _ in told} == {"passed"}
    assert {kind for _, _, kind in told} == {"sql", "expectation"}
    assert list(built.folder.glob("*.wal")) == []
    assert "The gate let this release pass" in (built.folder / "checks.html").read_text()
    assert build_release(data, now=LATER).release_id is None  # and nothing is new afterwards


def test_a_silent_source_warns_and_refuses_only_if_the_policy_says_so(data, monkeypatch):
    ledger = json.loads((data / "warehouse/ledger.json").read_text())
    (session,) = (f for f in ledger["files"] if f["table"] == "session")
    ledger["files"] += [
        session | {"file_name": f"old_{n}.csv", "exported_at": f"2026-03-{24 - 7 * n:02}T00:00:00"}
        for n in range(3)
    ]
    (data / "warehouse/ledger.json").write_text(json.dumps(ledger))
    (data / "policy.toml").write_text("[silence]\nblocks = 1\n")
    check_refused(data, "riverside/session: overdue", "no export since 2026-03-31")
    (data / "policy.toml").write_text("[silence]\nblocks = 0\n")
    built = build_release(data, now=LATER)
    assert built.folder is not None
    assert "no export since 2026-03-31" in (built.folder / "checks.html").read_text()
