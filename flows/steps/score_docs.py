"""`docs/questionnaires.md`, generated from the questionnaire files: `python -m flows.steps.score_docs`.

A test holds the committed page equal to what this writes, so the page cannot drift from the rules.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from schemas.instrument import Instrument, Mic, MissingRule, Score, read_instruments

PAGE = Path(__file__).parents[2] / "docs" / "questionnaires.md"

_HEAD = """\
# Questionnaires

Generated from `schemas/instruments/*.toml` by `python -m flows.steps.score_docs`; edit the files, not this page.

Items are known by position or a neutral key; no wording of any item is shipped. A questionnaire is
known by its id **and version**, and answers are scored by its definition, the coding variant of the
export, and the missing rule. Scores are kept unrounded.

**Licence.** A open · B free with conditions · C licence or fee. A questionnaire marked *needed* is not
scored until `<data>/licences.toml` says who accepted its licence, when, and under what reference:

```toml
[womac_likert]
accepted_by = "Dr A. Example"
date = 2026-03-01
reference = "agreement 4711"
```

Totals that the source computed itself need no licence here. This is not legal advice.

**Verification.** `source_read` and `stored_source`: read in the source named; `memory`: not verified,
check before relying on it. A questionnaire is marked `memory` if any part of its definition is.

**Your own questionnaire** is one more file of this form in `<data>/instruments/`; nothing else changes.
Its worked examples are checked on load to name items and scores that exist; `"q1..q7" = 2` answers seven
items, and what stands later in the list wins:

```toml
[[examples]]
note = "4 x 1 + 3 x 2"
answers = { "q1..q4" = 1, "q5..q7" = 2 }
scores = { total = 10 }                 # or not_scorable = ["total"], or error = "out_of_range"
```

An edited definition takes in the exports and scores all history again at the next run; every score
carries the hash of its definition (examples, notes and history are not part of it).

## How answers are read

By an export and by `followthrough score` alike; one answer that breaks a rule refuses the whole form, and
is never clipped or rounded.

| answer | read as | refused |
|---|---|---|
| number | itself, in the unit of `options = { unit = ".." }` where the questionnaire has units | `out_of_range`, `not_integer` where only whole numbers can be, `not_a_number` |
| clock time | `23:30`, `23:30:00` or `11:30 pm` | a bare `930` (`not_a_number`), `25:00` (`out_of_range`) |
| tick | true, yes, y, t, 1 / false, no, n, f, 0 | anything else |
| `30 to 60`, `30-60` | the middle, 45, where the definition says `accepts_range` | elsewhere |
| empty | missing; the score's missing rule judges it | |

`options` of a mapping or a request: `missing` (a named rule below), `unit`, `probe_cm2` (area of the probe,
for a force in N), `value_set`. A request may also say `coding_variant`, `language` and `submitted` (whether
the form was handed in); an export says so in columns. What a questionnaire does not know is refused.

A form of an export on which nothing at all is answered counts as not filled in, also where a blank means
"no" on a form that was handed in.

## EQ-5D value sets

None is shipped. Put yours into `<data>/value_sets/<name>.csv` (UTF-8; `,` with decimal points, or `;` or tab
with decimal commas; a first line without a number is a header, lines from `#` are remarks). The last cell of
a row is its value. Either a table of states:

```csv
profile,index
11111,1.000
11112,0.950
```

A state that the table lacks has no index. Or the terms of an additive set, all twenty of them:

```csv
term,decrement
mo2,0.05
mo3,0.06
ad5,0.30
intercept,0.04
```

- terms: `mo sc ua pd ad` with level 2 to 5, in one cell (`mo2`, `MO 2`) or two (`mobility,2,0.05`; `mobility`,
  `self-care`, `usual activities`, `pain/discomfort`, `anxiety/depression`).
- all decrements (positive) or all coefficients (negative); a mix is refused.
- `intercept` (or `constant`), optional, for every state but 11111: what is taken off, with the sign of the
  terms (0.047), or what is left (0.953; from 0.5 on it is read so).
- `full_health`, optional: index of 11111, else 1.
- index of 11111 = full health; of any other state = full health - intercept - the decrement of each
  dimension at its level, for instance 21113 = 1 - 0.04 - mo2 - ad3. A set with other terms (an extra one for
  any level 4 or 5, interactions) must be given as a table of all 3125 states.

The source names the set (`options = { value_set = "England" }`); the only one of a folder needs no naming. It
stands in every row of `fct_score`. Without it the index is null and the row says `no_value_set`. Two value sets
in one score of one release stop the gate (`version_mixed`): choose one for all sources.

## Methods

| method | figure |
|---|---|
| identity | the item |
| sum, sum_prorated, sum_scaled | sum of the items x multiply, missing ones as the mean of the answered where the rule allows |
| sum_zero_fill | sum, a blank counts 0 on a form that was handed in |
| sum_lookup, sum_steps | sum, then a conversion table |
| mean, recode_mean, ppt | mean of the answered items |
| mean_rescaled | (mean - subtract) x multiply |
| percent_of_max | sum in percent of the highest possible sum of the answered items |
| percent_of_clock_span | hours in percent of the time between two clock times, over midnight too |
| sum_of_scores | sum of other scores, null if one is null |
| eq5d_profile, eq5d_value_set | the health state as digits; its index in the value set |

"""


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
    return _HEAD + "## All\n\n" + overview + "\n" + "\n".join(_section(one) for one in ordered)


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
