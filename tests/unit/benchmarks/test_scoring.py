"""The scoring benchmark runs, small; its figures are for people."""

import re

import pytest

from benchmarks.scoring import main


def test_it_compares_wide_and_long_with_a_bare_scan(capsys: pytest.CaptureFixture[str]) -> None:
    main(2000)
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.startswith("2000 responses of 30 items")
    assert [line.split("scan")[0].strip() for line in lines] == [
        "wide, plain", "wide, reversed", "long, reversed",
    ]  # fmt: skip
    for line in lines:
        assert re.search(r"scored .* x +kept .* x +bare copy .* x", line)
