"""rules.toml: every rule that can refuse something, with its reason and what to change."""

import tomllib
from functools import cache
from pathlib import Path


@cache
def read_rules() -> dict[str, dict[str, str]]:
    """Rule id -> severity, reason, fix."""
    return tomllib.loads(Path(__file__).with_name("rules.toml").read_text(encoding="utf-8"))
