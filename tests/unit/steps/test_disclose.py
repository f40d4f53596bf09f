"""Disclosure: no number of people from 1 to 10 can be read from a row of dashboard.duckdb."""

from pathlib import Path

import duckdb
import pytest

from flows.steps.disclose import (
    RELEASE_COLUMNS,
    check_declared,
    disclose,
)
from flows.steps.sql_files import find_sql_files
from schemas.disclosure import UndeclaredFigure, read_disclosure
from tests.spec.mart_world import (
    CONTRACTS,
    KEYS,
    RELEASE_ID,
    Row,
    adherence_row,
    cells,
    marts,
    outcome_row,
    write_analyst,
)

CELL = next(iter(cells()))
N_BELOW, REST_BELOW = "n_below_threshold", "complement_below_threshold"


def disclosed(tmp_path: Path, mart: str, row: Row) -> dict[str, object]:
    """The one row of a mart as dashboard.duckdb shows it."""
    analyst = write_analyst(tmp_path / "analyst.duckdb", {mart: [row]})
    disclose(analyst, tmp_path / "dashboard.duckdb", CONTRACTS)
    with duckdb.connect(str(tmp_path / "dashboard.duckdb"), read_only=True) as connection:
        found = connection.execute(f"from marts.{mart}")
        names = [column[0] for column in found.description]
        values = found.fetchone()
    assert values is not None
    return dict(zip(names, values, strict=True))


def shown(row: dict[str, object], *figures: str) -> list[object]:
    return [row[figure] for figure in figures]


def test_a_large_cell_is_shown_as_it_is(tmp_path: Path) -> None:
    row = adherence_row(CELL, 40)
    seen = disclosed(tmp_path, "mart_adherence", row)
    assert {name: seen[name] for name in row} == row
    assert shown(seen, "suppressed", "suppression_reason") == [False, None]


@pytest.mark.parametrize("n", [1, 10])
def test_a_small_cell_shows_no_figure(tmp_path: Path, n: int) -> None:
    seen = disclosed(tmp_path, "mart_adherence", adherence_row(CELL, n))
    kept = {*KEYS["mart_adherence"], *RELEASE_COLUMNS}
    assert [name for name in seen if name not in kept and seen[name] not in (None, 0)] == []
    assert shown(seen, "suppressed", "suppression_reason") == [True, N_BELOW]


def test_eleven_people_are_shown(tmp_path: Path) -> None:
    row = adherence_row(CELL, 11) | {"n_adherent80": 0, "pct_adherent80": 0.0}
    seen = disclosed(tmp_path, "mart_adherence", row)
    assert shown(seen, "n_enrolled", "n_adherent80", "pct_adherent80") == [11, 0, 0.0]
    assert seen["suppressed"] is False


@pytest.mark.parametrize(
    ("adherent", "is_shown", "reason"),
    [
        (0, True, None),
        (1, False, N_BELOW),
        (10, False, N_BELOW),
        (11, True, None),
        (29, True, None),
        (30, False, REST_BELOW),
        (39, False, REST_BELOW),
        (40, True, None),
    ],
)
def test_a_share_is_hidden_by_its_few_and_by_the_few_that_are_left(
    tmp_path: Path, adherent: int, is_shown: bool, reason: str | None
) -> None:
    share = {"n_adherent80": adherent, "pct_adherent80": 100 * adherent / 40}
    seen = disclosed(tmp_path, "mart_adherence", adherence_row(CELL, 40) | share)
    figures = ("n_adherent80", "pct_adherent80", "pct_adherent80_ci_lo", "pct_adherent80_ci_hi")
    assert [seen[figure] is not None for figure in figures] == [is_shown] * 4
    assert shown(seen, "suppressed", "suppression_reason") == [not is_shown, reason]
    assert shown(seen, "n_enrolled", "adherence_capped_mean") == [40, 0.75]


def test_a_share_falls_with_its_denominator(tmp_path: Path) -> None:
    # 35 of 40 could be evaluated: 35 is hidden, and 15 / 42.9 % would give it back.
    share = {"n_evaluable": 35, "n_adherent80": 15, "pct_adherent80": 100 * 15 / 35}
    seen = disclosed(tmp_path, "mart_adherence", adherence_row(CELL, 40) | share)
    assert shown(seen, "n_evaluable", "pct_adherent80", "pct_adherent80_ci_hi") == [None] * 3
    assert shown(seen, "n_adherent80", "adherence_capped_mean") == [15, 0.75]
    assert seen["suppression_reason"] == REST_BELOW


def test_not_observed_is_not_suppressed(tmp_path: Path) -> None:
    row = adherence_row(CELL, 40) | {"n_evaluable": 0, "n_adherent80": 0}
    nothing = {name: None for name in row if name.startswith(("adherence_", "pct_adherent80"))}
    seen = disclosed(tmp_path, "mart_adherence", row | nothing)
    assert shown(seen, "n_evaluable", "adherence_capped_mean", "pct_adherent80") == [0, None, None]
    assert shown(seen, "suppressed", "suppression_reason") == [False, None]


def test_a_figure_whose_n_is_unknown_is_hidden(tmp_path: Path) -> None:
    seen = disclosed(tmp_path, "mart_adherence", adherence_row(CELL, 40) | {"n_evaluable": None})
    assert seen["adherence_capped_mean"] is None
    assert seen["suppressed"] is True


def test_few_pairs_hide_everything_that_rests_on_pairs(tmp_path: Path) -> None:
    row = outcome_row(CELL, 40, "EOP") | {"n_pair": 7, "n_pair_due": 7, "completeness_pct": 17.5}
    seen = disclosed(tmp_path, "mart_outcome", row)
    resting = (
        "n_pair",
        "n_pair_due",
        "completeness_pct",
        "change_mean",
        "change_sd",
        "change_ci_lo",
    )
    assert shown(seen, *resting) == [None] * 6
    assert shown(seen, "n_visit", "visit_mean") == [40, 4.0]


def test_few_pairs_hide_tests_sizes_and_what_may_be_said(tmp_path: Path) -> None:
    told = dict.fromkeys(
        ("p_t", "p_wilcoxon", "p_holm", "q_bh", "hl_median", "srm", "g_av_ci_lo"), 0.5
    )
    words = {"change_code": "WORSE", "wording_code": "WORSE", "primary_test": "t", "family_id": "f"}
    few = disclosed(
        tmp_path, "mart_outcome", outcome_row(CELL, 40, "EOP") | told | words | {"n_pair": 7}
    )
    del words["wording_code"]
    assert shown(few, *told, *words) == [None] * (len(told) + len(words))
    assert few["wording_code"] == "SUPPRESSED"


def test_a_mean_of_all_due_falls_where_it_would_count_those_who_did_not_answer(
    tmp_path: Path,
) -> None:
    told = {"n_due_baseline": 40, "sens_bocf_mean": 1.2, "sens_mi_mean": 1.4}
    row = outcome_row(CELL, 40, "EOP") | told
    assert shown(disclosed(tmp_path, "mart_outcome", row), *told) == [40, 1.2, 1.4]
    few = row | {"n_pair": 35, "n_pair_due": 35, "completeness_pct": 87.5}
    (tmp_path / "few").mkdir()
    assert shown(disclosed(tmp_path / "few", "mart_outcome", few), *told) == [None] * 3


def test_a_few_who_did_not_answer_hide_the_totals_not_the_pairs(tmp_path: Path) -> None:
    answered = {name: 35 for name in ("n_visit", "n_followup", "n_pair", "n_pair_due")}
    row = outcome_row(CELL, 40, "EOP") | answered | {"completeness_pct": 87.5}
    seen = disclosed(tmp_path, "mart_outcome", row)
    assert shown(seen, "n_pair", "change_mean", "visit_mean") == [35, -1.5, 4.0]
    totals = (
        "n_due",
        "n_enrolled",
        "n_persons",
        "n_baseline",
        "completeness_pct",
        "pct_resp_mic_due",
    )
    assert shown(seen, *totals) == [None] * 6
    assert seen["suppression_reason"] == REST_BELOW


def test_a_percentage_without_a_published_numerator_is_judged_by_what_it_gives_away(
    tmp_path: Path,
) -> None:
    # 7.5 % of the 40 who were due: 3 people, although no column counts them.
    row = outcome_row(CELL, 40, "EOP") | {"completeness_pct": 7.5}
    seen = disclosed(tmp_path, "mart_outcome", row)
    assert shown(seen, "completeness_pct", "n_pair") == [None, 40]
    assert seen["suppression_reason"] == N_BELOW


def test_no_two_counts_of_a_row_differ_by_a_few(tmp_path: Path) -> None:
    """Every nested pair of published counts, over a grid of rows around the threshold."""
    rows = []
    for n_visit in range(20, 41):
        for n_pair in range(max(0, n_visit - 12), n_visit + 1, 3):
            row = outcome_row(CELL, 40, "EOP") | {"visit": f"V{n_visit}-{n_pair}"}
            answered = {"n_visit": n_visit, "n_followup": n_visit, "n_baseline": n_visit}
            pairs = {"n_pair": n_pair, "n_pair_due": n_pair, "n_pchg": n_pair}
            rows.append(row | answered | pairs | {"completeness_pct": 100 * n_pair / 40})
    analyst = write_analyst(tmp_path / "analyst.duckdb", {"mart_outcome": rows})
    disclose(analyst, tmp_path / "dashboard.duckdb", CONTRACTS)
    nested = ("n_enrolled", "n_persons", "n_due", "n_visit", "n_baseline", "n_followup", "n_pair")
    with duckdb.connect(str(tmp_path / "dashboard.duckdb"), read_only=True) as connection:
        found = connection.execute(f"select {', '.join(nested)} from marts.mart_outcome").fetchall()
    assert len(found) == len(rows)
    for counts in found:
        visible = sorted(count for count in counts if count is not None)
        assert not [1 for a in visible for b in visible if 1 <= b - a <= 10], counts


def test_the_number_of_hidden_figures_is_told(tmp_path: Path) -> None:
    world = marts()
    analyst = write_analyst(tmp_path / "analyst.duckdb", world)
    hidden = disclose(analyst, tmp_path / "dashboard.duckdb", CONTRACTS)
    assert hidden == 0
    world["mart_adherence_week"][0] |= {"n_meeting_week": 3}
    analyst = write_analyst(tmp_path / "again.duckdb", world)
    assert disclose(analyst, tmp_path / "hidden.duckdb", CONTRACTS) == 2


def test_the_threshold_is_the_policy(tmp_path: Path) -> None:
    analyst = write_analyst(
        tmp_path / "analyst.duckdb", {"mart_adherence": [adherence_row(CELL, 11)]}
    )
    with duckdb.connect(str(analyst)) as connection:
        connection.execute("update ref.policy set value = 12")
    disclose(analyst, tmp_path / "dashboard.duckdb", CONTRACTS)
    with duckdb.connect(str(tmp_path / "dashboard.duckdb"), read_only=True) as connection:
        assert connection.execute("select n_enrolled from marts.mart_adherence").fetchall() == [
            (None,)
        ]
        assert connection.execute("select disclosure_threshold from ops.release").fetchall() == [
            (12,)
        ]


def test_nothing_about_people_and_everything_about_meaning_is_carried_over(tmp_path: Path) -> None:
    analyst = write_analyst(tmp_path / "analyst.duckdb")
    with duckdb.connect(str(analyst)) as connection:
        connection.execute("create table marts.mart_worklist as select 'ABCDEF' as participant_key")
    disclose(analyst, tmp_path / "dashboard.duckdb", CONTRACTS)
    assert not (tmp_path / "dashboard.duckdb.wal").exists()
    with duckdb.connect(str(tmp_path / "dashboard.duckdb"), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables()"
        ).fetchall()
        comments = connection.execute(
            "select table_name, column_name from duckdb_columns()"
            " where comment is null and schema_name in ('marts', 'ops')"
        ).fetchall()
        meaning = connection.execute(
            "select comment from duckdb_columns() where column_name = 'n_pair'"
        ).fetchone()
        released = connection.execute(
            "select release_id, as_of_date::text, released_at::text from ops.release"
        ).fetchall()
    contract = next(mart for mart in CONTRACTS if mart.name == "marts.mart_outcome")
    assert {name for schema, name in tables if schema == "marts"} == set(KEYS)
    assert {name for schema, name in tables if schema == "ops"} == {"release"}
    assert {name for schema, name in tables if schema == "ref"} == set(read_disclosure().reference)
    assert comments == []
    assert meaning == (contract.columns["n_pair"],)
    assert released == [(RELEASE_ID, "2026-11-20", "2026-11-22 08:09:12")]


def test_a_new_column_stops_the_build_until_it_is_declared(tmp_path: Path) -> None:
    analyst = write_analyst(tmp_path / "analyst.duckdb")
    with duckdb.connect(str(analyst)) as connection:
        connection.execute("alter table marts.mart_outcome add column new_figure double")
    with pytest.raises(
        UndeclaredFigure, match="which count stands behind mart_outcome: new_figure"
    ):
        disclose(analyst, tmp_path / "dashboard.duckdb", CONTRACTS)


def test_an_undeclared_mart_stops_the_build(tmp_path: Path) -> None:
    analyst = write_analyst(tmp_path / "analyst.duckdb")
    with duckdb.connect(str(analyst)) as connection:
        connection.execute("alter table marts.mart_outcome rename to mart_news")
    news = [contract for contract in CONTRACTS if contract.name != "marts.mart_outcome"]
    unknown = type(CONTRACTS[0])(**{**vars(CONTRACTS[0]), "name": "marts.mart_news"})
    with pytest.raises(UndeclaredFigure, match="says nothing about the mart mart_news"):
        disclose(analyst, tmp_path / "dashboard.duckdb", [*news, unknown])


def test_a_rule_that_leans_on_a_missing_count_stops_the_build(tmp_path: Path) -> None:
    analyst = write_analyst(tmp_path / "analyst.duckdb")
    with duckdb.connect(str(analyst)) as connection:
        connection.execute("alter table marts.mart_outcome drop column n_pair_due")
    with pytest.raises(UndeclaredFigure, match="that mart_outcome lacks: n_pair_due"):
        disclose(analyst, tmp_path / "dashboard.duckdb", CONTRACTS)


def test_every_mart_of_this_project_is_declared_column_by_column() -> None:
    told = read_disclosure()
    for mart in find_sql_files("marts"):
        name = mart.name.removeprefix("marts.")
        if name in told.withheld:
            continue
        check_declared(name, list(mart.columns), mart.key, told.marts[name])
        lost = (told.marts[name].figures.keys() | told.marts[name].plain) - mart.columns.keys()
        assert not lost, f"disclosure.toml names columns that {name} does not have: {lost}"


def test_a_figure_declared_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "disclosure.toml"
    path.write_text(
        "[reference]\ntables = []\n[withheld]\n[marts.mart_outcome]\n"
        "figures = [{ n = 'n_pair', hide = ['n_pair'] }, { n = 'n_due', hide = ['n_pair'] }]\n"
    )
    with pytest.raises(UndeclaredFigure, match=r"mart_outcome\.n_pair stands there twice"):
        read_disclosure(path)
