"""EQ-5D value sets of made-up numbers, in the layouts in which they are published."""

from pathlib import Path

import pytest

from schemas.instrument import InstrumentError
from schemas.value_set import DIMENSIONS, read_value_set, read_value_sets
from tests.value_sets import PUBLISHED_INDEX, write_published

# mo2 0.02 .. ad5 0.05: the same for every dimension, so that sums are easy
TERMS = [(f"{d}{n}", n / 100) for d in DIMENSIONS for n in range(2, 6)]

LONG_NAMES = ("Mobility", "Self-care", "Usual activities", "Pain/discomfort", "Anxiety/depression")


def write(folder: Path, rows: list[tuple[object, ...]], mark: str = ",") -> Path:
    """A value set file."""
    path = folder / "Made-up.csv"
    path.write_text("".join(mark.join(map(str, row)) + "\n" for row in rows), encoding="utf-8")
    return path


def test_decrements_and_coefficients_give_the_same_index(tmp_path: Path) -> None:
    decrements = read_value_set(write(tmp_path, [("term", "value"), *TERMS]))
    negative = [(term, -value) for term, value in TERMS]
    assert read_value_set(write(tmp_path, negative)) == decrements
    assert len(decrements) == 3125
    assert decrements["11111"] == 1
    assert decrements["21345"] == pytest.approx(1 - 0.02 - 0.03 - 0.04 - 0.05)


def test_a_state_of_published_sets(tmp_path: Path) -> None:
    """England and the Netherlands: the additive rule without and with an intercept."""
    for name, states in PUBLISHED_INDEX.items():
        found = read_value_set(write_published(tmp_path, name))
        assert {state: round(found[state], 3) for state in states} == states


@pytest.mark.parametrize("intercept", [("intercept", 0.04), ("Constant", 0.96)])
def test_an_intercept_is_taken_off_every_state_but_the_best(
    tmp_path: Path, intercept: tuple[str, float]
) -> None:
    found = read_value_set(write(tmp_path, [*TERMS, intercept]))
    assert found["11111"] == 1
    assert found["21111"] == pytest.approx(0.94)


def test_dimension_and_level_may_stand_apart(tmp_path: Path) -> None:
    rows = [("dimension", "level", "value"), *((t[:2].upper(), t[2], v) for t, v in TERMS)]
    assert read_value_set(write(tmp_path, rows))["12111"] == pytest.approx(0.98)
    names = dict(zip(DIMENSIONS, LONG_NAMES, strict=True))
    rows = [("# made up",), *((names[t[:2]], t[2], v) for t, v in TERMS), ("Full health", 0.99)]
    found = read_value_set(write(tmp_path, rows))
    assert (found["12111"], found["11111"]) == (pytest.approx(0.97), 0.99)


def test_a_full_table_is_taken_as_it_is(tmp_path: Path) -> None:
    found = read_value_set(write(tmp_path, [("profile", "index"), ("11111", 1), ("55555", -0.3)]))
    assert found == {"11111": 1.0, "55555": -0.3}


def test_a_semicolon_file_may_hold_decimal_commas(tmp_path: Path) -> None:
    rows = [("state", "index"), ("11111", "1"), ("21111", "0,94")]
    assert read_value_set(write(tmp_path, rows, ";"))["21111"] == 0.94


def test_sets_are_named_for_their_file(tmp_path: Path) -> None:
    write(tmp_path, [*TERMS])
    assert list(read_value_sets(tmp_path)) == ["Made-up"]
    assert read_value_sets(tmp_path / "absent") == {}


@pytest.mark.parametrize(
    "rows, message",
    [
        ([("a", "b")], "no row of the form"),
        (TERMS[1:], "no value for mo2"),
        ([*TERMS[1:], ("mo2", -0.1)], "mixed"),
        ([*TERMS, TERMS[0]], "stands twice"),
        ([*TERMS, ("mo2", "much")], "line 21: expected a number"),
        ([*TERMS, ("intercept", "nan")], "line 21: expected a number"),
        ([*TERMS, ("n45", 0.04)], "line 21: .* a set with other terms must be given as a table"),
        ([*TERMS, ("21111", 0.9)], "terms and profiles mixed"),
        ([*TERMS, ("intercept", -0.04)], "different sign"),
        ([*((t, -v) for t, v in TERMS), ("intercept", 0.04)], "different sign"),
    ],
)
def test_a_wrong_file_is_refused(
    tmp_path: Path, rows: list[tuple[object, ...]], message: str
) -> None:
    with pytest.raises(InstrumentError, match=message):
        read_value_set(write(tmp_path, rows))
