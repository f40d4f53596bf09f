"""What the tests of the house share: its files, and a way to name all offenders at once."""

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
OURS = ("flows", "schemas", "benchmarks", "tests")
NOT_OURS = {"warehouse", "keys", "__pycache__", "out"}


def find(*folders: str, suffix: str) -> list[Path]:
    """Files of these folders, without what is built."""
    paths = [path for folder in folders for path in (ROOT / folder).rglob(f"*{suffix}")]
    return sorted(path for path in paths if not NOT_OURS & set(path.relative_to(ROOT).parts))


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


def place(path: Path, line: int | None = None) -> str:
    return path.relative_to(ROOT).as_posix() + (f":{line}" if line else "")


def check_none(*offenders: Iterable[str]) -> None:
    """Fail with all of them."""
    found = sorted({one for several in offenders for one in several})
    assert not found, "\n".join(["", *found])
