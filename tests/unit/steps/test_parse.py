"""Text to typed cells."""

import polars as pl

from flows.steps import parse


def test_a_number_that_stands_for_missing_is_no_figure() -> None:
    """-999 is read as a gap where the mapping says so, and as a figure elsewhere."""
    text = pl.Series(["4", "-999", " -999 ", "-99", None])
    typed = parse.to_number(text, ".", ("", "-999"))
    assert typed.values.to_list() == [4.0, None, None, -99.0, None]
    assert typed.failures == ()
    assert parse.to_number(text, ".", ("",)).values.to_list() == [4.0, -999.0, -999.0, -99.0, None]
    assert parse.to_integer(text, ".", ("-999",)).values.to_list() == [4, None, None, -99, None]
