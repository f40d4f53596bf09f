"""A survey export as visit blocks: which columns hold which answers of which questionnaire at which visit.

A long export is one block whose visit stands in a column (or follows from the date); a wide export has one
block per `[[wide]]` entry. Blocks are settled once per file, from its header.
"""

from dataclasses import dataclass

from flows.steps.canonicalise import PER_VISIT
from schemas.errors import ExportUnreadable, SourceWrong
from schemas.instrument import Instrument
from schemas.instrument_answers import OptionRefused, check_options
from schemas.source import ColumnMap, InstrumentMap, Mapping, Source, Wide


@dataclass(frozen=True)
class Form:
    """One questionnaire in one block: item id (or score id) -> export column."""

    instrument: Instrument
    mapping: InstrumentMap
    items: dict[str, str]
    scores: dict[str, str]

    @property
    def columns(self) -> tuple[str, ...]:
        """All export columns of this form."""
        return tuple(dict.fromkeys([*self.items.values(), *self.scores.values()]))


@dataclass(frozen=True)
class Block:
    """One visit block. `visit` is None where the visit stands in a column or follows from the date."""

    visit: str | None
    source: Source
    forms: tuple[Form, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """All export columns that this block reads."""
        shared = [c for m in self.source.mapping.columns.values() for c in m.export_columns]
        visits = [self.source.mapping.visits.column] if self.source.mapping.visits else []
        return tuple(
            dict.fromkeys([*shared, *visits, *(c for form in self.forms for c in form.columns)])
        )


def find_instrument(
    source: Source, name: str, known: dict[tuple[str, str], Instrument]
) -> Instrument:
    """The questionnaire that a mapping names; raises SourceWrong where there is none."""
    version = source.mapping.instruments[name].version
    if (name, version) in known:
        return known[name, version]
    versions = sorted(v for i, v in known if i == name)
    hint = (
        f"known versions: {', '.join(versions)}"
        if versions
        else "no questionnaire of that id; see docs/questionnaires.md"
    )
    raise _wrong(source, ("instruments", name, "version"), hint)


def check_instruments(source: Source, known: dict[tuple[str, str], Instrument]) -> None:
    """Check every questionnaire of a mapping against its definition, before any export is opened."""
    for name, mapped in source.mapping.instruments.items():
        instrument = find_instrument(source, name, known)
        if unknown := sorted(set(_items(mapped, instrument)) - set(instrument.item_ids)):
            raise _wrong(
                source,
                ("instruments", name, "items"),
                f"the questionnaire has no item {', '.join(unknown)}",
            )
        if unknown := sorted(set(mapped.scores or {}) - set(instrument.scores)):
            raise _wrong(
                source,
                ("instruments", name, "scores"),
                f"no score {', '.join(unknown)}; it has {', '.join(instrument.scores)}",
            )
        if mapped.coding_variant and mapped.coding_variant not in instrument.coding_variants:
            raise _wrong(
                source,
                ("instruments", name, "coding_variant"),
                f"not a coding of this questionnaire; it has {', '.join(instrument.coding_variants) or 'none'}",
            )
        try:
            check_options(mapped.options, instrument)
        except OptionRefused as refused:
            raise _wrong(source, ("instruments", name, "options"), str(refused)) from refused
        in_blocks = any(
            key.startswith(f"{name}.") for wide in source.mapping.wide for key in wide.columns
        )
        if mapped.items is None and mapped.scores is None and not in_blocks:
            raise _wrong(source, ("instruments", name), "map its items or its scores")


def _wrong(source: Source, keys: tuple[str, ...], expected: str) -> SourceWrong:
    return SourceWrong(
        f"{source.path}, line {source.line_of(*keys)}, key {'.'.join(keys)}: {expected}"
    )


def _items(mapped: InstrumentMap, instrument: Instrument) -> dict[str, str]:
    if isinstance(mapped.items, str):
        return {
            item: mapped.items.replace("{n}", str(n))
            for n, item in enumerate(instrument.item_ids, 1)
        }
    return dict(mapped.items or {})


def find_blocks(
    source: Source,
    header: tuple[str, ...] | None,
    known: dict[tuple[str, str], Instrument],
    file_name: str,
) -> list[Block]:
    """The blocks of one file. A questionnaire wholly absent from a wide block was not asked there."""
    mapping = source.mapping
    if not mapping.wide:
        forms = tuple(_form(source, name, known, None) for name in mapping.instruments)
        absent = (
            sorted({c for form in forms for c in form.columns} - set(header))
            if header is not None
            else []
        )
        if absent:
            raise ExportUnreadable(
                f"{file_name}: the header lacks {', '.join(map(repr, absent[:5]))}, which source.toml maps; "
                "correct the names in source.toml, or export again with these columns"
            )
        return [Block(None, source, forms)]
    return [_wide_block(source, wide, header, known) for wide in mapping.wide]


def _form(
    source: Source, name: str, known: dict[tuple[str, str], Instrument], wide: Wide | None
) -> Form:
    instrument, mapped = find_instrument(source, name, known), source.mapping.instruments[name]
    items, scores = _items(mapped, instrument), dict(mapped.scores or {})
    if wide is not None:
        items = {key: column + wide.suffix for key, column in items.items()}
        scores = {key: column + wide.suffix for key, column in scores.items()}
        for key, column in wide.columns.items():
            instrument_id, _, part = key.rpartition(".")
            if instrument_id == name:
                (
                    scores
                    if part in instrument.scores and part not in instrument.item_ids
                    else items
                )[part] = column
        if wide.columns and any(key.startswith(f"{name}.") for key in wide.columns):
            named = set(wide.columns.values())
            items = {k: c for k, c in items.items() if c in named or wide.suffix}
            scores = {k: c for k, c in scores.items() if c in named or wide.suffix}
    return Form(instrument, mapped, items, scores)


def _wide_block(
    source: Source,
    wide: Wide,
    header: tuple[str, ...] | None,
    known: dict[tuple[str, str], Instrument],
) -> Block:
    forms = []
    for name in source.mapping.instruments:
        form = _form(source, name, known, wide)
        absent = [c for c in form.columns if header is not None and c not in header]
        if absent and len(absent) < len(form.columns):
            raise _wrong(
                source,
                ("wide",),
                f"block {wide.visit} lacks {', '.join(absent[:5])} of {name} in the export; correct the suffix or name the columns",
            )
        if form.columns and not absent:
            forms.append(form)
    columns = {n: _in_block(n, c, wide, header) for n, c in source.mapping.columns.items()}
    return Block(
        wide.visit,
        Source(source.path, source.text, _with_columns(source.mapping, columns)),
        tuple(forms),
    )


def _in_block(
    name: str, column: ColumnMap, wide: Wide, header: tuple[str, ...] | None
) -> ColumnMap:
    if name in wide.columns:
        return column.model_copy(update={"column": wide.columns[name], "join": None})
    if name not in PER_VISIT or column.column is None:
        return column
    suffixed = column.column + wide.suffix
    return (
        column
        if header is not None and suffixed not in header
        else column.model_copy(update={"column": suffixed})
    )


def _with_columns(mapping: Mapping, columns: dict[str, ColumnMap]) -> Mapping:
    return mapping.model_copy(update={"columns": columns})
