"""Single lines of a drafted `source.toml`, each with what a person has to check."""

import json
import re

from flows.steps.inspect_words import code_by_beginning, code_of, visit_of
from schemas.policy import read_policy


def quoted(text: str) -> str:
    """A TOML string; JSON's escapes are TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def code_line(word: str, vocabulary: str, codes: dict[str, dict[str, str]]) -> str:
    """An export's code and the vocabulary's; left as a comment, the code is refused, and nothing guessed."""
    found = code_of(word, vocabulary, codes)
    if found:
        return f"{quoted(word)} = {quoted(found)}"
    if begun := code_by_beginning(word, codes):
        return f"{quoted(word)} = {quoted(begun)}  # check: begins like it"
    return f'# {quoted(word)} = "?"  # check: one of ours'


def visit_line(label: str) -> str:
    """A label of a long export and its visit; left as a comment, a response that only the label places is refused."""
    visit = visit_of(label)
    if visit is not None:
        return f"{quoted(label)} = {quoted(visit)}"
    return (
        f'# {quoted(label)} = "?"  # check: one of {", ".join(_windows())}, or a name of your own'
    )


def _windows() -> list[str]:
    return [*(str(window["visit"]) for window in read_policy().windows), "EOP"]


def answer_line(word: str, figure: int | None) -> str:
    """An answer in words and its figure; left as a comment, the answer is refused."""
    if figure is not None:
        return f"{quoted(word)} = {figure}"
    return f"# {quoted(word)} =   # check: the figure of this answer"


def named_visit(visit: str | None, label: str) -> str:
    """The visit that a label means, or its own name, which carries no window."""
    if visit is not None:
        return quoted(visit)
    own = re.sub(r"\W+", "_", label).strip("_").upper() or "VISIT"
    return (
        f"{quoted(own)}  # check: a name without a window; those with one: {', '.join(_windows())}"
    )
