"""Cells of an export -> answers: the same verdict on each as `followthrough score` passes on it alone."""

from pathlib import Path

import polars as pl
import pytest

from flows.steps.responses import to_answers
from flows.steps.survey_blocks import check_instruments
from flows.steps.validate import find_failures
from schemas.errors import SourceWrong
from schemas.instrument import Item, read_instruments
from schemas.instrument_answers import AnswerRefused, to_answer
from schemas.source import read_source
from schemas.survey import answers_contract

MISSING = ("", "NA")
ITEMS = {
    "whole": Item("q", 0, 4),
    "fraction": Item("q", 0, 24, integer=False, accepts_range=True),
    "clock": Item("q", 0, 1439, integer=False, kind="clock"),
    "tick": Item("q", 0, 1, kind="boolean"),
}
CELLS = (
    "0", "3", " 3 ", "3.0", "4", "5", "-1", "0.5", "1e0", "1_0", "inf", "nan", "+2", ".5", "", "  ",
    "6 to 7", "6-8", "6 – 8", "8 to", "7.25", "24", "25", "much", "true", "YES", "n", "2", "23:30",
    "7:05", "07:05:30", "25:00", "24:00", "12:60", "11:30 pm", "12:00 AM", "930", "13:00 pm", "1:2",
)  # fmt: skip


def verdict(item: Item, cell: str) -> float | str | None:
    """What the command makes of one answer."""
    try:
        return to_answer(item, cell)
    except AnswerRefused as refused:
        return refused.rule


@pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS)
def test_a_column_is_read_as_its_cells_are_one_by_one(item: Item) -> None:
    values, failed = to_answers(pl.Series(CELLS), item, {}, ".", MISSING)
    no_figure = [False] * len(CELLS) if failed is None else failed.to_list()
    frame = pl.DataFrame({"line": range(len(CELLS)), "q": values})
    broken = find_failures(frame, answers_contract((item,)))
    # a run tells every rule that a cell breaks, the command the first
    told = zip(reversed(broken["line"]), reversed(broken["rule_id"]), strict=True)
    rules: dict[int, str] = dict(sorted(told, key=lambda case: case[1] == "out_of_range"))
    found = [
        "not_a_number" if no_figure[n] else rules.get(n, value) for n, value in enumerate(values)
    ]
    assert dict(zip(CELLS, found, strict=True)) == {c: verdict(item, c) for c in CELLS}


def test_a_decimal_comma_is_read_and_a_dot_beside_it_not_guessed() -> None:
    item = ITEMS["fraction"]
    cells = pl.Series(["6,5", "6,5 to 7", "6.5", "7", None])
    values, failed = to_answers(cells, item, {}, ",", MISSING)
    assert values.to_list() == [6.5, 6.75, None, 7, None]
    assert failed is not None and failed.to_list() == [False, False, True, False, False]


def test_the_words_of_a_mapping_come_before_figures() -> None:
    codes = {"never": 0.0, "1": 3.0}
    cells = pl.Series(["never", " 1", "2", "NA", None, "often"])
    values, failed = to_answers(cells, ITEMS["whole"], codes, ".", MISSING)
    assert values.to_list() == [0, 3, 2, None, None, None]
    assert failed is not None and failed.arg_true().to_list() == [5]
    nothing, failed = to_answers(
        pl.Series([None, None], dtype=pl.String), ITEMS["whole"], codes, ".", MISSING
    )
    assert nothing.to_list() == [None, None] and failed is None


@pytest.mark.parametrize(
    "instrument, version, options, message",
    [
        ("gad7", "7", 'missing = "half_scale"', "missing: no such rule of gad7; it offers option"),
        ("peg", "3", 'missing = "option"', "missing: no such rule of peg; leave it out"),
        ("gad7", "7", 'mising = "option"', "no option mising; there are missing, value_set, unit"),
        ("gad7", "7", 'unit = "cm"', "unit: no unit of gad7; its answers have none"),
        ("vas_pain", "100mm", 'unit = "inch"', "unit: no unit of vas_pain; it knows mm, cm"),
        ("ppt", "algometry", 'unit = "N"', "probe_cm2: N needs the area of the probe"),
        ("eq5d5l", "5L", "value_set = 3", "value_set: give the name of its file"),
    ],
)  # fmt: skip
def test_an_option_that_would_change_nothing_is_named_with_its_line(
    tmp_path: Path, instrument: str, version: str, options: str, message: str
) -> None:
    path = tmp_path / "source.toml"
    path.write_text(
        'clinic = "c"\ntable = "survey"\nreader = "csv"\n[columns]\nparticipant_id = "p"\n'
        f'[instruments.{instrument}]\nversion = "{version}"\nitems = "q{{n}}"\noptions = {{ {options} }}\n',
        encoding="utf-8",
    )
    with pytest.raises(SourceWrong, match=r"line 9, key instruments.*options: ") as wrong:
        check_instruments(read_source(path), read_instruments())
    assert message in wrong.value.message
