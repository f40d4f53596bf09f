"""The questionnaires of a drafted survey: their items or totals, answers in words, and one block for each visit of a wide export."""

from flows.steps.inspect_lines import answer_line, named_visit, quoted
from flows.steps.inspect_questionnaires import Found, score_id
from flows.steps.inspect_readings import Reading
from flows.steps.inspect_words import plain, read_words, visit_of


def instrument_parts(reading: Reading, which: str) -> list[list[str]]:
    """One part for each questionnaire; without any, a form to fill in."""
    parts = [part for found in reading.found for part in _instrument(found, which)]
    if parts:
        return parts
    items = f"items    = {{ q1 = {quoted(which)} }}  # check: no questionnaire was recognised"
    return [["[instruments.nrs_pain]", 'version  = "0-10"', items]]


def _instrument(found: Found, which: str) -> list[list[str]]:
    id_ = found.instrument.id
    note = f"  # check: {found.range_told}" if found.range_told else ""
    lines = [f"[instruments.{id_}]{note}", f"version  = {quoted(found.instrument.version)}"]
    if found.pattern:
        lines.append(f"items    = {quoted(found.pattern)}")
    elif found.items:
        inner = ", ".join(f"{item} = {quoted(column)}" for item, column in found.items.items())
        lines.append(
            f"items    = {{ {inner} }}" + ("" if found.is_whole else "  # check: items are missing")
        )
    elif not found.totals:
        first = found.instrument.item_ids[0]
        lines.append(
            f"items    = {{ {first} = {quoted(which)} }}  # check: the linkId of each item"
        )
    if len(found.totals) == 1 and (not found.items or not next(iter(found.totals.values()))):
        lines.append(
            f"scores   = {{ {score_id(found.instrument)} = {quoted(next(iter(found.totals)))} }}"
        )
    return [lines, *_answers(found)]


def _answers(found: Found) -> list[list[str]]:
    if not found.answers:
        return []
    id_ = found.instrument.id
    known = read_words()["answers"].get(id_, {})
    figures = {
        word: next((f for a, f in known.items() if plain(a) == plain(word)), None)
        for word in found.answers
    }
    return [[f"[instruments.{id_}.codes]", *(answer_line(w, f) for w, f in figures.items())]]


def wide_lines(reading: Reading) -> list[str]:
    """One `[[wide]]` block for each suffix, and for each word that tells the totals of a questionnaire apart."""
    used: set[str | None] = set()
    lines: list[str] = []
    for suffix in reading.suffixes:
        lines += ["", "[[wide]]", f"visit  = {_visit(suffix, used)}", f"suffix = {quoted(suffix)}"]
    blocks: dict[str, dict[str, str]] = {}
    for found in reading.found:
        if not found.items and len(found.totals) > 1:
            for column, rest in found.totals.items():
                blocks.setdefault(rest, {})[
                    f"{found.instrument.id}.{score_id(found.instrument)}"
                ] = column
    for rest, columns in blocks.items():
        inner = ", ".join(f"{quoted(key)} = {quoted(column)}" for key, column in columns.items())
        lines += ["", "[[wide]]", f"visit   = {_visit(rest, used)}", f"columns = {{ {inner} }}"]
    return lines[1:]


def _visit(label: str, used: set[str | None]) -> str:
    """The visit of a block; the second block that seems to mean the same keeps its own name."""
    visit = visit_of(label) if visit_of(label) not in used else None
    used.add(visit)
    return named_visit(visit, label)
