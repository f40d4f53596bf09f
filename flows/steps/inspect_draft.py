"""A drafted `source.toml`: what an export shows is filled in, what it does not show is marked `# check`.

Where a person has to choose, the draft holds what is refused, never what reads something else: a code as a comment, a column
that is not there, the time zone `?`.
"""

from dataclasses import dataclass, field

from flows.steps.inspect_columns import Roles
from flows.steps.inspect_dialect import dialect_lines
from flows.steps.inspect_head import Place, head_lines
from flows.steps.inspect_instruments import instrument_parts, wide_lines
from flows.steps.inspect_lines import code_line, quoted, visit_line
from flows.steps.inspect_readings import Reading
from flows.steps.inspect_sample import Sample
from flows.steps.inspect_times import epoch_unit, kind_of, length_unit, n_unread_times, time_columns
from flows.steps.inspect_words import code_by_beginning, code_of, unit_of
from schemas.source import DEFAULT_MISSING
from schemas.vocabulary import Vocabularies

WHICH = "<which column?>"
_MAX_CODES = 40
_DAYS = ("started_at", "ended_at", "local_date")


@dataclass
class Draft:
    """One `source.toml` in the making; `text()` is the file. `order` and `why_order`: day or month first, and the evidence."""

    sample: Sample
    reading: Reading
    order: str | None
    why_order: str
    vocabularies: Vocabularies
    place: Place
    codes: dict[str, list[str]] = field(default_factory=dict)

    @property
    def roles(self) -> Roles:
        """The table and its columns."""
        return self.reading.roles

    def text(self) -> str:
        """The whole file."""
        head = head_lines(self.sample, self.roles, self.place, self._times())
        dialect = dialect_lines(self.sample, self.reading, self.order, self.why_order)
        parts = [head, dialect, self._columns(), self._codes(), self._visits()]
        if self.roles.table == "survey":
            parts += [*instrument_parts(self.reading, WHICH), wide_lines(self.reading)]
        return "\n\n".join("\n".join(part) for part in parts if part) + "\n"

    def _times(self) -> dict[str, list[str]]:
        return time_columns(self.roles, self.sample.frame, self.reading.suffixes)

    def _columns(self) -> list[str]:
        named = {**dict.fromkeys(self.roles.missing, WHICH), **self.roles.columns}
        if "participant_id" in named:
            named = {"participant_id": named.pop("participant_id"), **named}
        if self.roles.table == "session" and not named.keys() & set(_DAYS):
            named["started_at"] = WHICH
        spelt = {n: f"{{ value = {quoted(v)} }}" for n, v in self.roles.constants.items()}
        clock = self.roles.clock
        if clock and self.roles.table == "session" and "started_at" not in named:
            if day := named.pop("local_date", None):
                spelt["started_at"] = f"{{ join = [{quoted(day)}, {quoted(clock)}] }}"
        spelt = {n: self._column(n, column) for n, column in named.items()} | spelt
        if self.place.person and named.get("participant_id") in (None, WHICH):
            person = (
                f"{{ path = {quoted(self.place.person)} }}  # check: the folder names the person"
            )
            spelt = {"participant_id": person} | {
                n: v for n, v in spelt.items() if n != "participant_id"
            }
        width = max(map(len, spelt), default=0)
        lines = [f"{name:<{width}} = {value}" for name, value in spelt.items()]
        return ["[columns]", *lines, *self._undecided(spelt)]

    def _undecided(self, spelt: dict[str, str]) -> list[str]:
        """Columns that may be more than one: left out, and named."""
        return [
            f"# {name} = {quoted(columns[0])}  # check: or {', '.join(columns[1:])}"
            for name, columns in self.reading.several.items()
            if name not in spelt
        ]

    def _column(self, name: str, column: str) -> str:
        if column == WHICH:
            among = ", ".join(self.reading.several.get(name, [])[:8])
            return quoted(WHICH) + f"  # check: {f'one of {among}' if among else 'not recognised'}"
        kind, vocabulary, canonical_unit = kind_of(self.roles.table, name)
        if kind == "code" and vocabulary:
            self._note_codes(name, column, vocabulary)
        unit, note = None, ""
        if kind in ("date", "instant"):
            unit, note = self._time(name)
        elif canonical_unit:
            unit = unit_of(column)
            if unit is None and canonical_unit == "min" and column in self.sample.frame.columns:
                unit = length_unit(self.sample.frame[column])
                note = "  # check: by the size of its figures" if unit else ""
        if not note and (because := self.roles.why.get(name)):
            note = f"  # check: by {because}"
        if unit:
            return f"{{ column = {quoted(column)}, unit = {quoted(unit)} }}{note}"
        return quoted(column) + note

    def _time(self, name: str) -> tuple[str | None, str]:
        cells = [self.sample.frame[c] for c in self._times().get(name, [])]
        unit = next((u for u in map(epoch_unit, cells) if u), None)
        if unit or not cells:
            return unit, ""
        order = self.order if self.order in ("dmy", "mdy") else None
        unread = sum(n_unread_times(column, order) for column in cells)
        return (
            None,
            f"  # check: {unread} cells are in no known form, declare format" if unread else "",
        )

    def _note_codes(self, name: str, column: str, vocabulary: str) -> None:
        if column not in self.sample.frame.columns:
            return
        codes = self.vocabularies[vocabulary]
        words = self.sample.frame[column].drop_nulls().str.strip_chars().value_counts(sort=True)
        counts = {w: n for w, n in words.iter_rows() if w not in DEFAULT_MISSING and w not in codes}
        common = {w: n for w, n in counts.items() if n > 1 or _is_known(w, vocabulary, codes)}
        if not common or len(common) > _MAX_CODES:
            return
        self.codes[name] = [code_line(word, vocabulary, codes) for word in common]

    def _codes(self) -> list[str]:
        parts = [
            [
                f"[codes.{name}]  # check: by the words; ours are {', '.join(self._words(name))}",
                *lines,
            ]
            for name, lines in self.codes.items()
        ]
        return "\n\n".join("\n".join(part) for part in parts).splitlines()

    def _words(self, name: str) -> list[str]:
        return list(self.vocabularies[str(kind_of(self.roles.table, name)[1])])

    def _visits(self) -> list[str]:
        column = self.roles.visit
        if column is None or column not in self.sample.frame.columns:
            return []
        labels = self.sample.frame[column].drop_nulls().str.strip_chars().value_counts(sort=True)
        least = (
            1 if self.sample.format == "redcap" else 2
        )  # an event is the project's; a word may be a person's
        kept = [w for w, n in labels.iter_rows() if w and n >= least][:_MAX_CODES]
        head = ["[visits]", f"column = {quoted(column)}", "[visits.labels]  # check: by the words"]
        return [*head, *(visit_line(word) for word in kept)]


def _is_known(word: str, vocabulary: str, codes: dict[str, dict[str, str]]) -> bool:
    """Whether a word that stands once is a code all the same, and not what somebody wrote into a free text."""
    return bool(code_of(word, vocabulary, codes) or code_by_beginning(word, codes))
