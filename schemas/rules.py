"""rules.toml: every rule that refuses or remarks something, with its reason and what to change."""

import tomllib
from functools import cache
from pathlib import Path

SEVERITIES = ("file", "row", "response", "cell", "warning")


@cache
def read_rules() -> dict[str, dict[str, str]]:
    """Rule id -> severity, reason, fix."""
    return tomllib.loads(Path(__file__).with_name("rules.toml").read_text(encoding="utf-8"))


def severity_of(rule_id: str, column_severity: str = "row") -> str:
    """How far a failure reaches: as its rule says, but no further than the cell where the column may be blanked."""
    severity = read_rules()[rule_id]["severity"]
    return column_severity if severity == "row" else severity
