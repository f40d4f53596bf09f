"""The page and the message of the gate: offline, escaped, and a crash is not called bad data."""

import re

from flows.steps.checks import Check, GateResult, Kind, Outcome, refusal_message
from flows.steps.checks_page import checks_page

FAILED = Check(
    "part_above_whole", "A part <above> its whole.", Outcome.FAILED, 7,
    [{"mart": "mart_outcome", "cell": f"neck & back / {n}"} for n in range(5)],
)  # fmt: skip
CRASHED = Check("broken", "Broken (BinderException)", Outcome.CRASHED)
YES_NO = Check(
    "marts.mart_x: columns", "marts.mart_x: has its columns", Outcome.FAILED, kind=Kind.EXPECTATION
)
WARNING = Check(
    "riverside/app: overdue", "no export", Outcome.FAILED, kind=Kind.SOURCE, is_blocking=False
)
GOOD = Check("key_repeated", "A cell twice.", Outcome.PASSED, 0)


def test_only_what_blocks_refuses_and_nothing_looked_at_is_no_pass():
    assert GateResult((GOOD, WARNING)).passed
    assert not GateResult((GOOD, CRASHED)).passed
    assert not GateResult(()).passed
    assert not GateResult((WARNING,)).passed


def test_the_message_says_which_check_and_where(tmp_path):
    told = refusal_message(
        GateResult((FAILED, CRASHED, YES_NO, WARNING, GOOD)), tmp_path / "checks.html"
    )
    assert (
        "2 checks failed. 1 check crashed. part_above_whole: 7 offending, first mart_outcome, neck & back / 0"
        in told
    )
    assert "broken crashed, which says nothing about the data: Broken (BinderException)" in told
    assert "marts.mart_x: columns: marts.mart_x: has its columns" in told
    assert "None" not in told
    assert told.endswith(f"All results: {tmp_path / 'checks.html'}")
    assert "and 3 more" in refusal_message(GateResult((FAILED,) * 8), tmp_path)


def test_the_page_loads_nothing_and_escapes_everything():
    page = checks_page(
        GateResult((FAILED, CRASHED, YES_NO, WARNING, GOOD)), "20260101T000000Z", "2026-01-01"
    )
    assert not re.search(r"https?://|<script|<link|@import|url\(|src=", page)
    assert "prefers-color-scheme: dark" in page
    assert "A part &lt;above&gt; its whole." in page
    assert "neck &amp; back / 4" in page
    assert "and 2 more" in page
    assert "1 of them crashed, which says nothing about the data" in page
    assert "it stops no release" in page
    assert page.count("<table>") == page.count("</table>") == 4


def test_the_page_of_a_release_that_passed_says_so():
    page = checks_page(GateResult((GOOD,)), "r", "d")
    assert "The gate let this release pass" in page
    assert "Not passed" not in page
