"""`docs/questionnaires.md`, generated from the questionnaire files: `python -m flows.steps.score_docs`.

A test holds the committed page equal to what this writes, so the page cannot drift from the rules.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from schemas.instrument import Instrument, Mic, MissingRule, Score, read_instruments

PAGE = Path(__file__).parents[2] / "docs" / "questionnaires.md"

HEAD = Path(__file__).with_suffix(".md")


def questionnaires_page(instruments: Mapping[tuple[str, str], Instrument]) -> str:
    """The whole page: one table of all, then a section for each."""
    ordered = [instruments[key] for key in sorted(instruments)]
    overview = _table(
        (
            "id",
            "version",
            "name",
            "measures",
            "items",
            "recall",
            "scores",
            "licence",
            "verification",
        ),
        (_overview_row(one) for one in ordered),
    )
    return (
        HEAD.read_text(encoding="utf-8")
        + "## All\n\n"
        + overview
        + "\n"
        + "\n".join(_section(one) for one in ordered)
    )


def _overview_row(one: Instrument) -> Sequence[str]:
    """One questionnaire in the table of all."""
    licence = one.licence_tier + (", needed" if one.needs_licence else "")
    domains = ", ".join(one.domains)
    scores = ", ".join(one.scores)
    return (
        f"[{one.id}](#{one.id})", one.version, one.name, domains, str(len(one.items)), one.recall,
        scores, licence, one.verification,
    )  # fmt: skip


def _section(one: Instrument) -> str:
    """Everything about one questionnaire that a reader of its scores may ask."""
    scores = _table(
        ("score", "method", "items", "range", "direction", "missing", "bands"),
        (_score_row(one, score) for score in one.scores.values()),
    )
    mics = [(score.id, mic) for score in one.scores.values() for mic in score.mic]
    parts = [f"## {one.id}\n", _facts(one), scores, _mic_table(mics)]
    parts += [f"- {note}" for note in one.notes]
    return "\n".join(parts) + "\n"


def _facts(one: Instrument) -> str:
    """Licence, coding and arithmetic that hold for all its scores."""
    turned = [name for name, recode in one.recode.items() if recode.slope < 0]
    licence = f"Licence tier {one.licence_tier}: {one.licence_note} ({one.licence_verification})."
    facts = [
        f"{one.name}, version {one.version}. {licence}",
        f"Reverse-scored: {_names(one, turned)}." if turned else "",
        f"Coding variants: {', '.join(one.coding_variants)}." if one.coding_variants else "",
        f"Units: {', '.join([*one.units, *one.units_per_probe])}." if one.units else "",
        "Percent change: allowed." if one.percent_change else "Percent change: never.",
        "" if one.has_baseline else "It measures change itself and has no baseline.",
        f"Definition `{one.definition_sha256[:12]}`.",
        *(f"{entry['date']}: {entry['change']}." for entry in one.history),
    ]
    return " ".join(fact for fact in facts if fact) + "\n"


def _score_row(one: Instrument, score: Score) -> Sequence[str]:
    """One score with its rules in words."""
    bands = "; ".join(f"from {band.lo:g} {band.label}" for band in score.bands)
    if score.bands_closed == "right":
        bands = bands.replace("from ", "above ")
    mark = f" ({score.bands_source}) [{score.bands_verification}]" if bands else ""
    ends = "–".join(f"{end:g}" for end in score.range or ())
    return (
        f"`{score.id}`", score.method + (f", {score.table_version}" if score.table_version else ""),
        ", ".join(score.of) or _names(one, score.items), ends, score.direction.replace("_", " "),
        _missing(score), bands + mark,
    )  # fmt: skip


def _missing(score: Score) -> str:
    """The missing rule and its named options."""
    rules = [_rule(score.missing, len(score.items or score.of))]
    rules += [
        f"option `{name}`: {_rule(rule, len(score.items))}"
        for name, rule in score.missing_options.items()
    ]
    return "; ".join(rules)


def _rule(rule: MissingRule, n: int) -> str:
    """`impute mean of answered, at least 4 of 5 (source) [mark]`."""
    words = rule.policy.replace("_", " ")
    if rule.policy != "complete_only":
        words += f", at least {rule.min_answered} of {n}"
    return words + (f" ({rule.source}) [{rule.verification}]" if rule.source else "")


def _mic_table(mics: Sequence[tuple[str, Mic]]) -> str:
    """MIC rows; without any, responders are not reported."""
    if not mics:
        return "No minimal important change adopted: responders are not reported.\n"
    rows = (
        (
            f"`{score_id}`",
            f"{mic.value:g}",
            mic.unit,
            mic.label,
            mic.population,
            mic.source,
            mic.verification,
        )
        for score_id, mic in mics
    )
    return _table(("MIC of", "value", "unit", "kind", "population", "source", "verification"), rows)


def _names(one: Instrument, names: Iterable[str]) -> str:
    """Item keys in their order, runs shortened."""
    wanted = [name for name in one.item_ids if name in set(names)]
    if len(wanted) > 2 and wanted == list(
        one.item_ids[one.item_ids.index(wanted[0]) :][: len(wanted)]
    ):
        return f"{wanted[0]}–{wanted[-1]}"
    return ", ".join(wanted)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar inside a cell would break it."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(
        "| " + " | ".join(cell.replace("|", "/") for cell in line) + " |\n" for line in lines
    )


if __name__ == "__main__":
    PAGE.write_text(questionnaires_page(read_instruments()), encoding="utf-8")
