"""One questionnaire file -> one `Instrument`, or a message that names the file and the key.

Everything that could make a score silently wrong is refused here, once: an item that no score
can mean, a table with holes, a missing rule that the method cannot follow.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas.instrument_examples import read_examples
from schemas.instrument_scores import check_lookup, read_score
from schemas.instrument_toml_values import Table, item_names, read_steps
from schemas.instrument_types import Instrument, InstrumentError, Item, ItemRecode, Score

_KINDS = {"number": None, "clock": (0.0, 1439.0), "boolean": (0.0, 1.0)}
_TIERS = ("A", "B", "C")


def read_instrument(path: Path) -> Instrument:
    """The questionnaire that this file defines."""
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InstrumentError(f"{path}: not a TOML file: {error}") from error
    return _instrument(Table(raw, str(path)), raw)


def _instrument(table: Table, raw: Mapping[str, Any]) -> Instrument:
    """All keys of the file, each checked; a key left over is a typing error of the author."""
    items = _items(table)
    scores = _scores(table, items)
    licence = table.table("licence", required=False)
    recall = table.number("recall_days", None)
    instrument = Instrument(
        id=_name(table, "id"),
        version=table.text("version"),
        name=table.text("name"),
        domains=_domains(table),
        items=items,
        scores=scores,
        recode=_recode_before_scoring(table, items),
        coding_variants=_coding_variants(table, items),
        units=_factors(table, "units"),
        units_per_probe=_factors(table, "units_per_probe"),
        recall=table.text("recall", ""),
        recall_days=None if recall is None else int(recall),
        percent_change=table.flag("percent_change", default=False),
        percent_change_min_baseline=table.number("percent_change_min_baseline", 0.0) or 0.0,
        has_baseline=table.flag("has_baseline", default=True),
        licence_tier=licence.choice("tier", _TIERS, "A"),
        licence_note=licence.text("note", ""),
        licence_verification=licence.text("verification", ""),
        needs_licence=licence.flag("needed", default=licence.peek("tier") == "C"),
        verification=_verification(raw),
        history=tuple(part.strings() for part in table.tables("history")),
        notes=tuple(table.texts("notes")),
        examples=read_examples(table, tuple(item.id for item in items), tuple(scores)),
        definition_sha256=_definition_sha256(raw),
        path=table.path,
    )
    licence.finish()
    table.finish()
    for score in instrument.scores.values():
        check_lookup(table, score, _sums(instrument, score))
        if any(instrument.scores[name].of for name in score.of):
            raise table.error(f"scores.{score.id}.of", "a sum of scores cannot hold another one")
    return instrument


def _sums(instrument: Instrument, score: Score) -> tuple[float, float]:
    """Lowest and highest sum of the score's items after recoding."""
    ends = [
        sorted(instrument.recode.get(item.id, ItemRecode()).reach(item))
        for item in instrument.items
        if item.id in score.items
    ]
    return sum(low for low, _ in ends), sum(high for _, high in ends)


def _name(table: Table, key: str) -> str:
    """An id that can be a TOML key, a column value and a file name."""
    name = table.text(key)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise table.error(key, f"{name!r}: use lower-case letters, digits and underscores")
    return name


def _domains(table: Table) -> tuple[str, ...]:
    """`domain = ".."` or `domains = [..]`."""
    domains = tuple(table.texts("domains")) or (table.text("domain", ""),)
    if not all(domains):
        raise table.error("domain", "missing: say what the questionnaire measures")
    return domains


def _factors(table: Table, key: str) -> dict[str, float]:
    """Unit of an export -> factor to the unit of the items."""
    part = table.table(key, required=False)
    return {name: part.number(name, None) or 1.0 for name in part.left()}


def _items(table: Table) -> tuple[Item, ...]:
    """Items in the order of the file; `q1..q7` stands for seven of them."""
    items: list[Item] = []
    for part in table.tables("items"):
        kind = part.choice("kind", tuple(_KINDS), "number")
        ends = _KINDS[kind]
        low = part.number("min", ends[0] if ends else None)
        high = part.number("max", ends[1] if ends else None)
        if low is None or high is None or low >= high:
            raise part.error("min, max", "give the smallest and the largest answer")
        integer = part.flag("integer", default=kind != "clock")
        accepts = part.flag("accepts_range", default=False)
        restricted = part.flag("restricted", default=False)
        for name in part.names("id"):
            items.append(Item(name, low, high, integer, kind, accepts, restricted))
        part.finish()
    ids = [item.id for item in items]
    if not ids or len(ids) != len(set(ids)):
        raise table.error("items", "give each item once")
    return tuple(items)


def _scores(table: Table, items: tuple[Item, ...]) -> dict[str, Score]:
    """The scores, each with the MIC rows under it and those that the file gives for several."""
    shared = table.tables("mic")
    parts = table.table("scores").sections()
    names = [name for name, _ in parts]
    for mic in shared:
        for name in mic.peek("scores") or []:
            if name not in names:
                raise mic.error("scores", f"{name!r} is not a score of this questionnaire")
    return {name: read_score(name, part, items, names, shared) for name, part in parts}


def _recode_before_scoring(table: Table, items: tuple[Item, ...]) -> dict[str, ItemRecode]:
    """`reverse = [..]` and `[[recode]]`: what is done to an answer before any arithmetic."""
    ids = tuple(item.id for item in items)
    reversed_ids = item_names(table, "reverse", ids, required=False)
    recodes = {
        item.id: ItemRecode(-1.0, item.min + item.max) for item in items if item.id in reversed_ids
    }
    for part in table.tables("recode"):
        for name, recode in _recode(part, items).items():
            if name in recodes:
                raise part.error("items", f"{name} is recoded or reversed twice")
            recodes[name] = recode
    return recodes


def _recode(part: Table, items: tuple[Item, ...]) -> dict[str, ItemRecode]:
    """Item -> recode, from one section: `map`, `steps`, `reverse` or `add`, for `items` or all."""
    ids = tuple(item.id for item in items)
    names = item_names(part, "items", ids, required=False) or ids
    codes, cuts = read_steps(part, "map"), read_steps(part, "steps")
    add = part.number("add", 0.0) or 0.0
    is_reversed = part.flag("reverse", default=False)
    part.finish()
    recodes: dict[str, ItemRecode] = {}
    for item in (item for item in items if item.id in names):
        if codes and not item.integer:
            raise part.error("map", f"{item.id} takes fractions; give steps instead of a map")
        steps = codes or cuts
        line = ItemRecode(-1.0, item.min + item.max + add) if is_reversed else ItemRecode(1.0, add)
        recodes[item.id] = ItemRecode(steps=steps) if steps else line
    return recodes


def _coding_variants(table: Table, items: tuple[Item, ...]) -> dict[str, dict[str, ItemRecode]]:
    """Variant -> item -> recode; a variant without any is the coding of the definition itself."""
    sections = table.table("coding_variants", required=False).sections()
    variants: dict[str, dict[str, ItemRecode]] = {}
    for name, part in sections:
        part.text("note", "")
        variants[name] = _recode(part, items) if part.left() else {}
        fractions = [item.id for item in items if not item.integer and item.id in variants[name]]
        if fractions:
            raise table.error(f"coding_variants.{name}", f"{', '.join(fractions)} holds no codes")
    return variants


def _verification(raw: Mapping[str, Any]) -> str:
    """`memory` if any part of the definition is unverified, else `source_read`."""
    marks = re.findall(r'"verification": "(\w+)"', json.dumps(raw))
    marks += re.findall(r'"bands_verification": "(\w+)"', json.dumps(raw))
    if not marks:
        return "unmarked"
    return "memory" if "memory" in marks else "source_read"


def _definition_sha256(raw: Mapping[str, Any]) -> str:
    """Hash of what a score or its reading depends on; comments, layout and examples are not that."""
    said = {key: value for key, value in raw.items() if key not in ("examples", "notes", "history")}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
