"""disclosure.toml, read and checked: which figures leave the analyst's room, and under which condition."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DISCLOSURE = Path(__file__).with_name("disclosure.toml")


class UndeclaredFigure(RuntimeError):
    """A mart or column about which disclosure.toml says nothing, or something impossible."""


@dataclass(frozen=True)
class Rule:
    """When one figure is hidden: `n` counts the people behind it (SQL over the mart's columns), `of` are
    totals of which n is a part, `less` are parts of n; what is left of each must not be small either.
    """

    n: str
    of: tuple[str, ...] = ()
    less: tuple[str, ...] = ()


@dataclass(frozen=True)
class MartDisclosure:
    """One mart of disclosure.toml: figures with their rule, and columns that tell nothing about people.

    `words` of a hidden figure stand in its place where a word is wanted instead of nothing.
    """

    figures: dict[str, Rule]
    plain: frozenset[str]
    words: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Disclosure:
    """schemas/disclosure.toml: what is published, how, and what never is."""

    marts: dict[str, MartDisclosure]
    withheld: frozenset[str]
    reference: tuple[str, ...]


def read_disclosure(path: Path = DISCLOSURE) -> Disclosure:
    """The literal table, checked: no figure twice, nothing both published and withheld."""
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    return Disclosure(
        marts={name: _mart_disclosure(name, mart) for name, mart in told["marts"].items()},
        withheld=frozenset(told["withheld"]),
        reference=tuple(told["reference"]["tables"]),
    )


def _mart_disclosure(name: str, told: dict[str, Any]) -> MartDisclosure:
    figures: dict[str, Rule] = {}
    for group in told["figures"]:
        for figure in group["hide"]:
            if figure in figures:
                raise UndeclaredFigure(f"disclosure.toml: {name}.{figure} stands there twice")
            figures[figure] = _rule(figure, group)
    return MartDisclosure(figures, frozenset(told.get("plain", [])), told.get("words", {}))


def _rule(figure: str, group: dict[str, Any]) -> Rule:
    if total := group.get("percent_of"):
        # The mart does not carry the numerator, but whoever has the percentage and the total has it too.
        return Rule(f"round({figure} * {total} / 100)", (total,))
    return Rule(group["n"], tuple(group.get("of", [])), tuple(group.get("less", [])))
