"""A drafted `source.toml`: what an export shows is filled in, what it does not show is marked `# check`.

A draft parses as it stands. Where a person has to choose, it leaves what is refused, never what reads something
else: a code as a comment, a column that is not there.
"""

import re

from flows.steps.inspect_columns import (
    Roles,
    decimal_evidence,
    epoch_unit,
    kind_of,
    n_unread_times,
    time_columns,
)
from flows.steps.inspect_lines import answer_line, code_line, named_visit, quoted, score_id
from flows.steps.inspect_questionnaires import Found
from flows.steps.inspect_sample import Sample
from flows.steps.inspect_words import code_of, plain, read_words, unit_of, visit_of
from schemas.source import DEFAULT_MISSING
from schemas.vocabulary import Vocabularies

WHICH = "<which column?>"
_MAX_CODES = 40
_NAME_DATES = {
    r"\d{4}-\d{2}-\d{2}": "%Y-%m-%d",
    r"\d{4}_\d{2}_\d{2}": "%Y_%m_%d",
    r"(?<!\d)20\d{6}(?!\d)": "%Y%m%d",
    r"\d{2}-\d{2}-20\d{2}": "%d-%m-%Y",
}


class Draft:
    """One `source.toml` in the making; `text` is the file."""

    def __init__(
        self,
        sample: Sample,
        roles: Roles,
        found: list[Found],
        suffixes: dict[str, list[str]],
        order: str | None,
        vocabularies: Vocabularies,
    ) -> None:
        self.sample, self.roles, self.found, self.suffixes = sample, roles, found, suffixes
        self.order, self.vocabularies = order, vocabularies
        self.codes: dict[str, list[str]] = {}
        parts = [self._head(), self._dialect(), self._columns(), self._codes(), self._visits()]
        parts += [*self._instruments(), self._wide()]
        self.text = "\n\n".join("\n".join(part) for part in parts if part) + "\n"

    def _head(self) -> list[str]:
        path, reader = self.sample.path, self.sample.format
        clinic = path.resolve().parent.parent.name
        named = bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", clinic))
        pattern = next((f for d, f in _NAME_DATES.items() if re.search(d, path.name)), None)
        is_placed = "tz" in self.roles.columns
        return [
            f"clinic      = {quoted(clinic if named else 'clinic')}  # check: taken from the folder above",
            f"table       = {quoted(self.roles.table)}",
            f"reader      = {quoted(reader)}",
            f"files       = {quoted('*' + path.suffix)}",
            f"exported_at = {quoted(f'name:{pattern}' if pattern else 'mtime')}"
            + ("" if pattern else "  # check: name:<format>, column:<name> or fixed:<date>"),
            'timezone    = "UTC"  # check: the clinic\'s own, such as "Europe/Berlin"'
            + ("; rows name theirs" if is_placed else ""),
        ]

    def _dialect(self) -> list[str]:
        declared, guesses = self.sample.dialect, self.sample.guesses
        if self.sample.format in ("jsonl", "fhir", "xlsx"):
            decimal = None
        else:
            decimal = decimal_evidence(self.roles, self.found, self.sample.frame)[0]
        keys = {
            "encoding": guesses.get("encoding", declared.encoding),
            "delimiter": guesses.get("delimiter", declared.delimiter) or self._seen_delimiter(),
            "decimal": decimal if decimal == "," else None,
            "date_order": self.order if self.order in ("dmy", "mdy") else None,
        }
        lines = [
            f"{key:<11} = {quoted(value)}" + ("  # check: a guess" if key in guesses else "")
            for key, value in keys.items()
            if value is not None
        ]
        if declared.header_rows != 1 and self.sample.format == "csv":
            lines.append(f"header_rows = {declared.header_rows}")
        return ["[dialect]", *lines] if lines else []

    def _seen_delimiter(self) -> str | None:
        names = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
        return names.get(self.sample.receipt.get("delimiter", "").partition(":")[0])

    def _columns(self) -> list[str]:
        named = {**dict.fromkeys(self.roles.missing, WHICH), **self.roles.columns}
        if "participant_id" in named:
            named = {"participant_id": named.pop("participant_id"), **named}
        if self.roles.table == "session" and not named.keys() & {
            "started_at",
            "ended_at",
            "local_date",
        }:
            named["started_at"] = WHICH
        clock, spelt = self.roles.clock, {}
        if (
            clock
            and "started_at" not in named
            and "local_date" in named
            and self.roles.table == "session"
        ):
            spelt["started_at"] = (
                f"{{ join = [{quoted(named.pop('local_date'))}, {quoted(clock)}] }}"
            )
        for name, column in named.items():
            spelt[name] = self._column(name, column)
        width = max(map(len, spelt), default=0)
        return ["[columns]", *(f"{name:<{width}} = {value}" for name, value in spelt.items())]

    def _column(self, name: str, column: str) -> str:
        if column == WHICH:
            return quoted(WHICH) + "  # check: not recognised"
        kind, vocabulary, canonical_unit = kind_of(self.roles.table, name)
        if kind == "code" and vocabulary:
            self._note_codes(name, column, vocabulary)
        unit, note = None, ""
        if kind in ("date", "instant"):
            unit, note = self._time(name)
        elif canonical_unit:
            unit = unit_of(column)
        if unit:
            return f"{{ column = {quoted(column)}, unit = {quoted(unit)} }}{note}"
        return quoted(column) + note

    def _time(self, name: str) -> tuple[str | None, str]:
        columns = time_columns(self.roles, self.sample.frame, self.suffixes).get(name, [])
        cells = [self.sample.frame[c] for c in columns]
        unit = next((u for u in map(epoch_unit, cells) if u), None)
        if unit or not cells:
            return unit, ""
        n_unread = sum(n_unread_times(c, self.order) for c in cells)
        return (
            None,
            f"  # check: {n_unread} cells are in no usual form; give a format"
            if n_unread > 0.1 * sum(map(len, cells))
            else "",
        )

    def _note_codes(self, name: str, column: str, vocabulary: str) -> None:
        if column not in self.sample.frame.columns:
            return
        codes = self.vocabularies[vocabulary]
        words = self.sample.frame[column].drop_nulls().str.strip_chars().value_counts(sort=True)
        counts = {w: n for w, n in words.iter_rows() if w not in DEFAULT_MISSING and w not in codes}
        common = {w: n for w, n in counts.items() if n > 1 or code_of(w, vocabulary, codes)}
        if not common or len(common) > _MAX_CODES:
            return
        self.codes[name] = [code_line(word, vocabulary, codes) for word in common]

    def _codes(self) -> list[str]:
        parts = [
            [f"[codes.{name}]  # check: by the words", *lines] for name, lines in self.codes.items()
        ]
        return "\n\n".join("\n".join(part) for part in parts).splitlines()

    def _visits(self) -> list[str]:
        column = self.roles.visit
        if column is None or column not in self.sample.frame.columns:
            return []
        labels = self.sample.frame[column].drop_nulls().str.strip_chars().value_counts(sort=True)
        kept = [w for w, n in labels.iter_rows() if w and n > 1][:_MAX_CODES]
        lines = [f"{quoted(w)} = {named_visit(visit_of(w), w)}" for w in kept]
        return [
            "[visits]",
            f"column = {quoted(column)}",
            "[visits.labels]  # check: by the words",
            *lines,
        ]

    def _instruments(self) -> list[list[str]]:
        parts = [part for found in self.found for part in self._instrument(found)]
        if self.roles.table == "survey" and not parts:
            items = (
                f"items    = {{ q1 = {quoted(WHICH)} }}  # check: no questionnaire was recognised"
            )
            parts = [["[instruments.nrs_pain]", 'version  = "0-10"', items]]
        return parts if self.roles.table == "survey" else []

    def _instrument(self, found: Found) -> list[list[str]]:
        id_, lines = found.instrument.id, [f"[instruments.{found.instrument.id}]"]
        lines.append(f"version  = {quoted(found.instrument.version)}")
        if found.pattern:
            lines.append(f"items    = {quoted(found.pattern)}")
        elif found.items:
            inner = ", ".join(f"{item} = {quoted(column)}" for item, column in found.items.items())
            lines.append(
                f"items    = {{ {inner} }}"
                + ("" if found.is_whole else "  # check: items are missing")
            )
        elif len(found.totals) == 1:
            lines.append(f"scores   = {{ {score_id(found)} = {quoted(next(iter(found.totals)))} }}")
        parts = [lines]
        if found.answers:
            known = read_words()["answers"].get(id_, {})
            figures = {
                w: next((f for a, f in known.items() if plain(a) == plain(w)), None)
                for w in found.answers
            }
            parts.append(
                [f"[instruments.{id_}.codes]", *(answer_line(w, f) for w, f in figures.items())]
            )
        return parts

    def _wide(self) -> list[str]:
        lines, used = [], set()
        for suffix in self.suffixes:
            visit = visit_of(suffix) if visit_of(suffix) not in used else None
            used.add(visit)
            lines += [
                "",
                "[[wide]]",
                f"visit  = {named_visit(visit, suffix)}",
                f"suffix = {quoted(suffix)}",
            ]
        blocks: dict[str, dict[str, str]] = {}
        for found in self.found:
            if not found.items and len(found.totals) > 1:
                for column, rest in found.totals.items():
                    blocks.setdefault(rest, {})[f"{found.instrument.id}.{score_id(found)}"] = column
        for rest, columns in blocks.items():
            visit = visit_of(rest) if visit_of(rest) not in used else None
            used.add(visit)
            inner = ", ".join(
                f"{quoted(key)} = {quoted(column)}" for key, column in columns.items()
            )
            lines += [
                "",
                "[[wide]]",
                f"visit   = {named_visit(visit, rest)}",
                f"columns = {{ {inner} }}",
            ]
        return lines[1:]
