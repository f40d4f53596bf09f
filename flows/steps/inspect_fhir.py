"""What a FHIR export can fill: one view for each questionnaire and for the Observations, with the elements that matter.

Elements bear the same names in every FHIR export, so roles are known here without comparing words; items are told by their
linkIds and by the LOINC codes that stand beside them.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.readers.fhir_cells import ITEM, RESPONSE, RESPONSE_ELEMENTS, code_of, questionnaire_of
from flows.steps.inspect_json import read_resources
from flows.steps.inspect_words import read_words
from schemas.source import Dialect

_PARTICIPANT = ("subject.reference", "subject.identifier.value", "subject.display")
_TIME = ("effectiveDateTime", "effectiveInstant", "effectivePeriod.start", "issued")
_VALUE = ("valueQuantity.value", "valueInteger")
_UNIT = ("valueQuantity.unit", "valueQuantity.code")
_LOINC = re.compile(r"(\d{3,6}-\d)$")


@dataclass(frozen=True)
class FhirView:
    """One table's worth of a FHIR export. `codes`: linkId as a column -> LOINC codes beside it; `panels`: those of the whole."""

    table: str
    dialect: Dialect
    roles: dict[str, str]
    constants: dict[str, str] = field(default_factory=dict)
    codes: dict[str, frozenset[str]] = field(default_factory=dict)
    panels: frozenset[str] = frozenset()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to look into."""
        return tuple(dict.fromkeys([*self.roles.values(), *self.codes]))


def find_views(path: Path) -> list[FhirView]:
    """The views of one file; none where it holds neither responses nor Observations."""
    by_type: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for resource in read_resources(path).found:
        by_type[resource["resourceType"]].append(resource)
    views = [_survey(several, name) for name, several in _questionnaires(by_type[RESPONSE]).items()]
    return views + ([_measure(found)] if (found := by_type["Observation"]) else [])


def _questionnaires(responses: list[dict[str, Any]]) -> dict[str | None, list[dict[str, Any]]]:
    """The responses, apart by questionnaire where the same linkId stands in several of them."""
    apart: dict[str | None, list[dict[str, Any]]] = defaultdict(list)
    owners: dict[str, set[str]] = defaultdict(set)
    for response in responses:
        name = questionnaire_of(response)
        apart[name].append(response)
        for item in _items(response):
            if name is not None:
                owners[str(item.get("linkId"))].add(name)
    is_shared = any(len(names) > 1 for names in owners.values())
    if is_shared:
        return {name: several for name, several in apart.items() if name is not None}
    return {None: responses} if responses else {}


def _survey(responses: list[dict[str, Any]], questionnaire: str | None) -> FhirView:
    roles = {"participant_id": _first_of(responses, _PARTICIPANT), "completed_at": "authored"}
    roles |= {"response_id": "id", "status": "status"}
    codes: dict[str, set[str]] = defaultdict(set)
    for response in responses:
        for item in _items(response):
            if item.get("answer") or not item.get("item"):  # a question, not a heading
                link_id = str(item.get("linkId"))
                is_element = link_id.split(".")[0] in RESPONSE_ELEMENTS
                codes[ITEM + link_id if is_element else link_id] |= set(_codes_beside(item))
    named = (match[1] for r in responses if (match := _LOINC.search(questionnaire_of(r) or "")))
    return FhirView(
        "survey",
        Dialect(questionnaire=questionnaire).beside(table="survey"),
        {name: path for name, path in roles.items() if _has(responses, path)},
        codes={link_id: frozenset(found) for link_id, found in codes.items() if link_id != "line"},
        panels=frozenset(named),
    )


def _measure(observations: list[dict[str, Any]]) -> FhirView:
    """The Observations of a code that is known, if there are any, else all of them with the code as their kind."""
    codes = {code for one in observations for code in code_of(one).split(";")}
    known = {code: kind for code, kind in read_words()["measures"].items() if code in codes}
    code, kind = next(iter(known.items()), (None, None))
    of_code = [o for o in observations if code is None or code in code_of(o).split(";")]
    roles = {
        "participant_id": _first_of(of_code, _PARTICIPANT),
        "measured_at": _first_of(of_code, _TIME),
        "value": _first_of(of_code, _VALUE),
    }
    constants = {"kind": kind} if kind else {}
    if any(_has(of_code, unit) for unit in _UNIT):
        roles["unit"] = _first_of(of_code, _UNIT)
    else:
        constants["unit"] = "score"
    roles |= {} if kind else {"kind": "code.coding.code"}
    return FhirView("measure", Dialect(code=code).beside(table="measure"), roles, constants)


def _items(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every item at any depth, by a stack: a resource nests deeply."""
    stack: list[Any] = [resource]
    while stack:
        node = stack.pop()
        if not isinstance(node, dict):
            continue
        if "linkId" in node:
            yield node
        for key in ("item", "answer"):
            below = node.get(key)
            stack += reversed(below) if isinstance(below, list) else []


def _codes_beside(item: dict[str, Any]) -> Iterator[str]:
    """LOINC codes at the end of an item's linkId or definition, or of its code."""
    for key in ("linkId", "definition", "code"):
        if match := _LOINC.search(str(item.get(key, ""))):
            yield match[1]


def _first_of(resources: list[dict[str, Any]], paths: tuple[str, ...]) -> str:
    return next((path for path in paths if _has(resources, path)), paths[0])


def _has(resources: list[dict[str, Any]], path: str) -> bool:
    return any(_at(resource, path.split(".")) is not None for resource in resources)


def _at(node: Any, path: list[str]) -> Any:
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node
