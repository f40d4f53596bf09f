"""Single lines of a drafted `source.toml`, each with what a person has to check."""

import json
import re

from flows.steps.inspect_questionnaires import Found
from flows.steps.inspect_words import code_of
from schemas.policy import read_policy


def quoted(text: str) -> str:
    """A TOML string; JSON's escapes are TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def code_line(word: str, vocabulary: str, codes: dict[str, dict[str, str]]) -> str:
    """An export's code and the vocabulary's; left as a comment, the code is refused, and nothing guessed."""
    found = code_of(word, vocabulary, codes)
    if found:
        return f"{quoted(word)} = {quoted(found)}"
    return f'# {quoted(word)} = ""  # check: one of {", ".join(codes)}'


def answer_line(word: str, figure: int | None) -> str:
    """An answer in words and its figure; left as a comment, the answer is refused."""
    if figure is not None:
        return f"{quoted(word)} = {figure}"
    return f"# {quoted(word)} =   # check: the figure of this answer"


def score_id(found: Found) -> str:
    """The score that a total of a source stands for, unless it says more: the first."""
    return next(iter(found.instrument.scores))


def named_visit(visit: str | None, label: str) -> str:
    """The visit that a label means, or its own name, which carries no window."""
    if visit is not None:
        return quoted(visit)
    own = re.sub(r"\W+", "_", label).strip("_").upper() or "VISIT"
    windows = [*(str(window["visit"]) for window in read_policy().windows), "EOP"]
    return f"{quoted(own)}  # check: a name without a window; those with one: {', '.join(windows)}"
