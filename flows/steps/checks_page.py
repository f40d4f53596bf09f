"""The results of the gate as a page that opens anywhere: one HTML file, nothing loaded from outside, light or dark."""

from html import escape

from flows.steps.checks import Check, GateResult, Kind, Outcome

_TITLES = {
    Kind.SQL: "Across tables",
    Kind.EXPECTATION: "Mart by mart",
    Kind.SOURCE: "Sources",
}
_ABOUT = {
    Kind.SQL: "Each is one query of sql/checks; its rows are the offenders.",
    Kind.EXPECTATION: "What the header of each mart and the names of its columns promise.",
    Kind.SOURCE: "What each source sent, against its own past.",
}
_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --line: #d1d9e0; --page: #fff; --row: #f6f8fa;
  --passed: #1a7f37; --failed: #cf222e; --crashed: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --page: #0d1117; --row: #151b23;
  --passed: #3fb950; --failed: #f85149; --crashed: #d29922; } }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 0; }
p { margin: .25rem 0 .75rem; color: var(--soft); }
.verdict { color: var(--ink); font-size: 1.1rem; border-left: .3rem solid; padding-left: .75rem; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; } .wide { overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem; border-bottom: 1px solid var(--line); }
th { font-weight: 600; } tr:hover td { background: var(--row); } td.n { text-align: right; }
.outcome { font-weight: 600; white-space: nowrap; }
.passed { color: var(--passed); } .failed { color: var(--failed); } .crashed { color: var(--crashed); }
ul { margin: .25rem 0 0; padding-left: 1.1rem; color: var(--soft); } code { font-size: .9em; overflow-wrap: anywhere; }
details summary { cursor: pointer; color: var(--soft); margin: .5rem 0; }
"""
_SIGNS = {Outcome.PASSED: "✓ passed", Outcome.FAILED: "✗ failed", Outcome.CRASHED: "! crashed"}


def checks_page(result: GateResult, release_id: str, as_of: str) -> str:
    """The whole page: the verdict, what did not pass, then everything that was looked at."""
    bad = [check for check in result.checks if check.outcome is not Outcome.PASSED]
    parts = [
        f"<h1>Checks of release {escape(release_id)}</h1>",
        f"<p>As of {escape(as_of)}. {len(result.checks)} checks.</p>",
        _verdict(result),
    ]
    if bad:
        parts.append(f"<h2>Not passed</h2>{_table(bad)}")
    for kind in Kind:
        checks = [check for check in result.checks if check.kind is kind]
        if checks:
            parts.append(_section(kind, checks))
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Checks of release {escape(release_id)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _verdict(result: GateResult) -> str:
    if result.passed:
        return '<p class="verdict passed">The gate let this release pass.</p>'
    n_crashed = sum(check.outcome is Outcome.CRASHED for check in result.refusals)
    crashed = (
        f" {n_crashed} of them crashed, which says nothing about the data." if n_crashed else ""
    )
    told = f"The gate refused this release: {len(result.refusals)} checks did not pass.{crashed}"
    return f'<p class="verdict failed">{told} The release before it stays in force.</p>'


def _section(kind: Kind, checks: list[Check]) -> str:
    n_passed = sum(check.outcome is Outcome.PASSED for check in checks)
    return (
        f"<h2>{_TITLES[kind]}</h2><p>{_ABOUT[kind]}</p>\n"
        f"<details{' open' if kind is not Kind.EXPECTATION else ''}>"
        f"<summary>{n_passed} of {len(checks)} passed</summary>{_table(checks)}</details>"
    )


def _table(checks: list[Check]) -> str:
    head = '<tr><th scope="col">outcome</th><th scope="col">check</th><th scope="col">offending</th></tr>'
    rows = "\n".join(map(_row, checks))
    return f'<div class="wide"><table><thead>{head}</thead><tbody>\n{rows}\n</tbody></table></div>'


def _row(check: Check) -> str:
    places = "".join(
        f"<li><code>{escape(', '.join(at.values()))}</code></li>" for at in check.where
    )
    more = (check.n_offenders or 0) - len(check.where)
    places += f"<li>and {more} more</li>" if check.where and more > 0 else ""
    note = "" if check.is_blocking else " (a warning: it stops no release)"
    count = "" if check.n_offenders is None else str(check.n_offenders)
    return (
        f'<tr><td class="outcome {check.outcome.value}">{_SIGNS[check.outcome]}</td>'
        f"<td><code>{escape(check.name)}</code><br>{escape(check.what)}{note}"
        f'{f"<ul>{places}</ul>" if places else ""}</td><td class="n">{count}</td></tr>'
    )
