"""Questionnaire files: what is read, what is refused, what becomes rows of `ref`."""

import itertools
from pathlib import Path

import pytest

from schemas.instrument import (
    REF_COLUMNS,
    SHIPPED,
    InstrumentError,
    ItemRecode,
    Steps,
    read_instruments,
    read_licences,
    ref_rows,
)

FORM = """
id = "morning_stiffness"
name = "Morning stiffness"
version = "vas"
domain = "stiffness"
percent_change = true
items = [{ id = "q1..q3", min = 0, max = 4 }]
reverse = ["q2"]
[coding_variants.coded_1_5]
add = -1
[coding_variants.words]
items = ["q1"]
map = { "1" = 0, "2" = 2, "3" = 4 }
[scores.score]
method = "sum"
items = ["q1..q3"]
direction = "higher_worse"
range = [0, 12]
missing = { policy = "complete_only" }
bands = [{ from = 0, label = "low" }, { from = 6, label = "high" }]
mic = [{ value = 20, unit = "percent", source = "a" }, { value = 2, unit = "points", source = "b" }]
[[examples]]
answers = { q1 = 1, q2 = 4, q3 = 2 }
score = 3
"""


def write_form(folder: Path, text: str = FORM, name: str = "form") -> Path:
    """A folder with this questionnaire file."""
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def test_all_shipped_questionnaires_are_read_and_named_after_their_file() -> None:
    shipped = read_instruments()
    assert len(shipped) == 28
    assert all(Path(one.path).stem == one.id for one in shipped.values())


def test_none_is_scored_without_licence_that_needs_one() -> None:
    rows = ref_rows(read_instruments(), {})["instrument"]
    needy = {row["instrument"] for row in rows if not row["is_scored"]}
    assert needy == {
        "womac_likert", "odi", "auscan_likert", "stai_s6", "stai_s20", "hads", "facit_f", "eq5d5l",
    }  # fmt: skip
    accepted = {"hads": {"accepted_by": "a", "date": "b", "reference": "c"}}
    rows = ref_rows(read_instruments(), accepted)["instrument"]
    (hads,) = (row for row in rows if row["instrument"] == "hads")
    assert hads["is_scored"] and hads["licence_reference"] == "c"


def test_a_user_questionnaire_adds_to_the_shipped(tmp_path: Path) -> None:
    both = read_instruments(SHIPPED, write_form(tmp_path))
    one = both["morning_stiffness", "vas"]
    assert len(both) == 29
    assert one.item_ids == ("q1", "q2", "q3")
    assert one.recode == {"q2": ItemRecode(-1.0, 4.0)}
    assert one.scores["score"].range == (0.0, 12.0)
    assert one.scores["score"].missing.min_answered == 3


def test_a_coding_variant_changes_the_codes_that_an_export_may_hold(tmp_path: Path) -> None:
    one = read_instruments(write_form(tmp_path))["morning_stiffness", "vas"]
    assert [(i.min, i.max) for i in one.items_as_coded("coded_1_5")] == [(1, 5)] * 3
    assert [(i.min, i.max) for i in one.items_as_coded("words")] == [(1, 3), (0, 4), (0, 4)]
    assert one.items_as_coded(None) == one.items


def test_a_rule_row_composes_the_variant_with_the_reversal(tmp_path: Path) -> None:
    one = read_instruments(write_form(tmp_path))
    rules = {row["coding_variant"]: row for row in ref_rows(one, {})["scoring_rule"]}
    assert rules[""]["weights"] == [1, -1, 1] and rules[""]["shifts"] == [0, 4, 0]
    assert rules["coded_1_5"]["shifts"] == [-1, 5, -1] and rules["coded_1_5"]["all_shift"] == 3
    # the codes 1 to 3 for 0, 2, 4 lie on a line
    assert rules["words"]["weights"] == [2, -1, 1] and rules["words"]["shifts"] == [-2, 4, 0]
    assert all(rule["positions"] is None for rule in rules.values())


def test_a_bent_recode_is_kept_item_by_item(tmp_path: Path) -> None:
    bent = FORM.replace('"2" = 2', '"2" = 1')
    assert bent != FORM
    rules = ref_rows(read_instruments(write_form(tmp_path, bent)), {})["scoring_rule"]
    (rule,) = [row for row in rules if row["coding_variant"] == "words"]
    assert rule["positions"] == [1, 2, 3] and rule["weights"] is None
    assert rule["step_values"] == [[0, 1, 4], None, None] and rule["slopes"] == [1, -1, 1]


def test_items_that_stand_apart_are_told_from_those_between_them(tmp_path: Path) -> None:
    apart = FORM.replace('items = ["q1..q3"]', 'items = ["q1", "q3"]').replace("[0, 12]", "[0, 8]")
    assert apart != FORM
    rule = ref_rows(read_instruments(write_form(tmp_path, apart)), {})["scoring_rule"][0]
    assert (rule["first_position"], rule["last_position"]) == (1, 3)
    assert rule["weights"] == [1, 0, 1] and rule["members"] == [1, 0, 1]


def test_the_default_mic_is_the_first_in_points(tmp_path: Path) -> None:
    rows = ref_rows(read_instruments(write_form(tmp_path)), {})["instrument_mic"]
    assert [(row["unit"], row["is_default"]) for row in rows] == [
        ("percent", False),
        ("points", True),
    ]


def test_every_score_with_mic_rows_has_one_default() -> None:
    rows = ref_rows(read_instruments(), {})["instrument_mic"]
    by_score = itertools.groupby(rows, lambda row: (row["instrument"], row["score_id"]))
    assert all(sum(row["is_default"] for row in group) == 1 for _, group in by_score)


def test_rows_have_the_columns_that_are_declared() -> None:
    for table, rows in ref_rows(read_instruments(), {}, {"mine": {"11111": 1.0}}).items():
        declared = [column.split()[0] for column in REF_COLUMNS[table].split(", ")]
        assert rows and all(sorted(row) == sorted(declared) for row in rows), table


def test_the_hash_follows_what_is_said_not_how_it_is_laid_out(tmp_path: Path) -> None:
    hashes = [
        next(iter(read_instruments(write_form(tmp_path, text)).values())).definition_sha256
        for text in (FORM, "# a remark\n" + FORM, FORM.replace("value = 2,", "value = 3,"))
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_band_closed_on_the_right_holds_its_upper_end() -> None:
    ndi = read_instruments()["ndi", "1991"]
    starts = ref_rows({ndi.key: ndi}, {})["instrument_score"][0]["band_starts"]
    assert starts[0] == 0 and starts[1] > 8 and starts[1] == pytest.approx(8)


def test_safety_items_are_marked() -> None:
    rows = ref_rows(read_instruments(), {})["instrument_item"]
    assert [(r["instrument"], r["item_id"]) for r in rows if r["is_restricted"]] == [("phq9", "q9")]


def test_steps_hold_from_their_start() -> None:
    recode = ItemRecode(steps=Steps((0, 10), (1, 2)))
    assert [recode(answer) for answer in (-1, 0, 9.9, 10)] == [None, 1, 1, 2]


@pytest.mark.parametrize(
    "wrong, right, message",
    [
        ('id = "morning_stiffness"', 'id = "Morning Stiffness"', "id: 'Morning Stiffness'"),
        ('version = "vas"', "", "version: missing"),
        ('domain = "stiffness"', "", "domain: missing"),
        ('id = "q1..q3", min = 0', 'id = "q1..q3", min = 4', "min, max"),
        ('{ id = "q1..q3", min = 0, max = 4 }', '{ id = ["q1", "q1"], min = 0, max = 4 }', "once"),
        ("max = 4 }", "max = 4, text = 'Wording' }", "text: unknown key"),
        ('reverse = ["q2"]', 'reverse = ["q9"]', "reverse: no such item: q9"),
        ('method = "sum"', 'method = "total"', "scores.score.method: 'total'"),
        ('"higher_worse"', '"up"', "direction: 'up'"),
        ("range = [0, 12]", "range = [12, 0]", "range"),
        ("range = [0, 12]", "", "range"),
        ('"complete_only"', '"mean_of_answered", min_answered = 2', "missing.policy"),
        ('"complete_only"', '"complete_only", min_answered = 2', "means all 3"),
        ('"complete_only"', '"impute_mean_of_answered"', "say how many of the 3"),
        ("from = 6", "from = -1", "each band starts above"),
        ('unit = "percent"', 'unit = "%"', "mic[0].unit"),
        (', source = "a"', "", "mic[0].source: missing"),
        ("value = 20", "value = true", "expected a number"),
        ('"1" = 0, ', '"one" = 0, ', "codes of a table are whole numbers"),
        ('map = { "1" = 0', 'reverse = 1\nmap = { "1" = 0', "expected bool"),
        ("[scores.score]", "[scores.other]\n[scores.score]", "scores.other.method: missing"),
        ("percent_change = true", "percent = true", "percent: unknown key"),
        ("percent_change = true", "percent_change = ", "not a TOML file"),
    ],
)
def test_a_wrong_file_is_refused_by_file_and_key(
    tmp_path: Path, wrong: str, right: str, message: str
) -> None:
    assert wrong in FORM
    with pytest.raises(InstrumentError) as refused:
        read_instruments(write_form(tmp_path, FORM.replace(wrong, right)))
    assert str(tmp_path / "form.toml") in refused.value.message
    assert message in refused.value.message


@pytest.mark.parametrize(
    "section, message",
    [
        ('method = "sum_lookup"\nitems = ["q1"]', "needs a table"),
        ('method = "sum_lookup"\nitems = ["q1"]\nlookup = { first = 0, values = [1, 2] }', "every sum from 0 to 4"),
        ('method = "sum_steps"\nitems = ["q1"]\nsteps = [{ from = 1, above = 1, value = 2 }]', "either from or above"),
        ('method = "sum_steps"\nitems = ["q1"]\nsteps = [{ from = 1, value = 2 }, { from = 1, value = 3 }]', "same place"),
        ('method = "sum_of_scores"\nof = ["nothing"]', "not another score"),
        ('method = "identity"\nitems = ["q1", "q2"]', "the value of one item"),
        ('method = "percent_of_clock_span"\nitems = ["q1", "q2", "q3"]', "clock times"),
        ('method = "sum"\nitems = ["q1"]\ncounted_if = { q1 = "q2" }', "kind boolean"),
    ],
)  # fmt: skip
def test_a_score_that_cannot_be_computed_is_refused(
    tmp_path: Path, section: str, message: str
) -> None:
    text = FORM + f'[scores.second]\n{section}\ndirection = "higher_worse"\nrange = [0, 4]\n'
    with pytest.raises(InstrumentError, match=message):
        read_instruments(
            write_form(
                tmp_path,
                text.replace("[[examples]]\nanswers = { q1 = 1, q2 = 4, q3 = 2 }\nscore = 3\n", ""),
            )
        )


def test_a_shipped_version_cannot_be_redefined(tmp_path: Path) -> None:
    text = (SHIPPED / "peg.toml").read_text(encoding="utf-8")
    with pytest.raises(InstrumentError, match="give yours another version"):
        read_instruments(SHIPPED, write_form(tmp_path, text, "peg"))


def test_licences_say_who_when_and_what(tmp_path: Path) -> None:
    path = tmp_path / "licences.toml"
    assert read_licences(path) == {}
    path.write_text('[hads]\naccepted_by = "Dr A"\ndate = 2026-03-01\nreference = "4711"\n')
    assert read_licences(path)["hads"]["reference"] == "4711"
    path.write_text('[hads]\naccepted_by = "Dr A"\n')
    with pytest.raises(InstrumentError, match=r"\[hads\]: date, reference missing"):
        read_licences(path)
    path.write_text("hads = ")
    with pytest.raises(InstrumentError, match="not a TOML file"):
        read_licences(path)
