"""Evidence of date order and decimal mark: every cell is counted, nothing is guessed."""

import polars as pl
import pytest

from flows.readers.evidence import date_order_of, decimal_of


@pytest.mark.parametrize(
    ("cells", "order", "why"),
    [
        (
            ["25/12/2025"] * 7 + ["01/02/2025"] * 41,
            "dmy",
            "7 rows can only be dd/mm, 0 only mm/dd, 41 both",
        ),
        (
            ["12/25/2025 10:00 AM", "1/2/25", None, ""],
            "mdy",
            "0 rows can only be dd/mm, 1 only mm/dd, 1 both",
        ),
        (
            ["25/12/2025", "12/25/2025"],
            None,
            "contradictory: 1 rows can only be dd/mm, 1 only mm/dd",
        ),
        (["01/02/2025", "03-04-2025"], None, "undecided: 0 rows"),
        (["01.02.2025", "3.4.25 10:00"], "dmy", "dots are dd.mm"),
        (["01.02.2025", "12/25/2025"], None, "contradictory"),
        (["04/04/2025"], "dmy", "all of them alike"),
        (["2025-12-25", "2025/01/02T10:00:00Z"], "ymd", "2 begin with the year"),
        (["2025-12-25", "25/12/2025"], "dmy", "1 begin with the year"),
        (["32/13/2025", "soon", "22 mai"], None, "no dates in figures: 0 rows can only be dd/mm"),
        ([None], None, "no dates in figures"),
    ],
)
def test_date_order(cells: list[str | None], order: str | None, why: str) -> None:
    """The counts decide; without a decisive row, or with two that disagree, nothing does."""
    found, said = date_order_of([pl.Series(cells, dtype=pl.String)])
    assert found == order
    assert why in said


def test_one_late_row_counts_like_the_first() -> None:
    """Batches add up: a decisive row in the last one still decides."""
    early = pl.Series(["01/02/2025"] * 1000)
    assert date_order_of(iter([early, early, pl.Series(["12/31/2025"])]))[0] == "mdy"


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["1,5", "2", "1,234"], ","),
        (["1.5", "-2.25"], "."),
        (["1,5", "1.5"], None),
        (["1.234", "2,345"], None),
        (["1", "x", None], None),
    ],
)
def test_decimal_mark(cells: list[str | None], mark: str | None) -> None:
    """Three digits behind the mark may be thousands."""
    assert decimal_of([pl.Series(cells, dtype=pl.String)])[0] == mark
