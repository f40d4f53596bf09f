"""Names as people write them, compared without the marks between the words (inspect_words.toml)."""

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

_WEEK = re.compile(
    r"(?:weeks?|wk|w|wochen?|semaines?|semanas?)(\d+)$|(\d+)(?:weeks?|wks?|w|wochen?|semaines?)$"
)
_MONTH = re.compile(r"(?:months?|mo|monate?|mois)(\d+)$|(\d+)(?:months?|mo|monate?|mois)$")
_SURE_LETTERS = 10
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "six": 6, "eight": 8, "twelve": 12}


@cache
def read_words() -> dict[str, Any]:
    """The tables of inspect_words.toml."""
    return tomllib.loads(Path(__file__).with_name("inspect_words.toml").read_text(encoding="utf-8"))


def plain(name: str) -> str:
    """A name without parentheses, accents, blanks and marks, in lower case."""
    bare = re.sub(r"\([^)]*\)|\[[^\]]*\]", "", name) or name
    letters = unicodedata.normalize("NFKD", bare.replace("ß", "ss").casefold())
    return re.sub(r"[^a-z0-9]", "", letters) or letters.strip()


@cache
def _index(*path: str) -> dict[str, str]:
    table = read_words()
    for key in path:
        table = table.get(key, {})
    return {plain(word): name for name, words in table.items() for word in words}


def find_word(name: str, *path: str) -> str | None:
    """What a name means in one table of words."""
    return _index(*path).get(plain(name))


def in_words(name: str, *path: str) -> str | None:
    """What a name means of which a part, word by word, stands in one table of words; longer parts go first."""
    words = [plain(word) for word in re.findall(r"[^\W_]+", _camel(name))]
    parts = ((a, b) for a in range(len(words)) for b in range(a + 1, len(words) + 1))
    index = _index(*path)
    for a, b in sorted(parts, key=lambda part: part[0] - part[1]):
        word = "".join(words[a:b])
        if len(word) > 2 and word in index:
            return index[word]
    return None


def _camel(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def unit_of(name: str) -> str | None:
    """The unit that a column's name states."""
    marks = {
        "ms": r"[_ (\[]ms\b|millis",
        "s": r"[_ (\[](s|sec|secs|seconds|sek|sekunden)\b",
        "h": r"[_ (\[](h|hours|stunden)\b",
        "percent": r"%|percent|prozent|pct",
    }
    found = (unit for unit, mark in marks.items() if re.search(mark, name.casefold()))
    return next(found, None)


def without_unit(name: str) -> str:
    """The name less its unit: `duration_ms` is a duration."""
    return re.sub(
        r"(?i)[_ ](ms|s|sec|secs|seconds|min|mins|minutes|h|hours|percent|pct)$|[% ]+$", "", name
    )


def visit_of(label: str) -> str | None:
    """The visit that a label seems to mean."""
    word = re.sub(r"arm\d+$", "", plain(label))
    for number, figure in _NUMBERS.items():
        word = word.replace(number, str(figure)) if word.startswith(number) else word
    if found := _index("visits").get(plain(label)) or _index("visits").get(word):
        return found
    if week := _WEEK.search(word):
        return "FU1W" if (week[1] or week[2]) == "1" else f"WK{int(week[1] or week[2])}"
    if month := _MONTH.search(word):
        return {1: "WK4", 2: "WK8", 3: "WK12", 6: "WK26"}.get(int(month[1] or month[2]))
    return None


def code_of(word: str, vocabulary: str, codes: dict[str, dict[str, str]]) -> str | None:
    """The code of a vocabulary that an export's word seems to mean; a word in doubt (`done?`) means none."""
    if "?" in word:
        return None
    own = {plain(code): code for code in codes} | {plain(e["label"]): c for c, e in codes.items()}
    if found := own.get(plain(word)) or find_word(word, "codes", vocabulary):
        return found
    if vocabulary == "condition" and re.match(r"[A-Z]\d\d", word):
        fits = [prefix for prefix in read_words()["icd10"] if word.startswith(prefix)]
        return read_words()["icd10"][max(fits, key=len)] if fits else None
    return None


def code_by_beginning(word: str, codes: dict[str, dict[str, str]]) -> str | None:
    """The code whose own name or label a longer word begins with; short ones begin too much (`stress fracture`)."""
    names = {plain(code): code for code in codes} | {plain(e["label"]): c for c, e in codes.items()}
    fits = [n for n in names if len(n) >= _SURE_LETTERS and plain(word).startswith(n)]
    return names[max(fits, key=len)] if fits else None
