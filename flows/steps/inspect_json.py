"""What a JSON file is: records, FHIR, or the definition of a form, by its first elements.

Elements are read from a window over the file (the FHIR reader's), so that a file of any size costs its beginning only.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from flows.readers.fhir_stream import NOT_JSON, Element, find_form, read_elements
from schemas.errors import ExportUnreadable

ELEMENTS_SEEN = 500
_FORMS = {"ndjson": "one per line", "array": "in an array"}
# FHIR resources that describe forms and words: nobody's answers.
_DEFINITIONS = {
    "Questionnaire", "ValueSet", "CodeSystem", "StructureDefinition", "CapabilityStatement", "ConceptMap", "Library",
    "SearchParameter", "ImplementationGuide", "OperationDefinition",
}  # fmt: skip


@dataclass
class Resources:
    """The FHIR resources among the first elements. `form` is how the file holds them."""

    form: str
    found: list[dict[str, Any]] = field(default_factory=list)
    n_deleted: int = 0

    @property
    def types(self) -> Counter[str]:
        """How many of each type."""
        return Counter(str(resource["resourceType"]) for resource in self.found)

    @property
    def version(self) -> str | None:
        """R4 or STU3, where an element tells that stands in one of them only."""
        for resource in self.found:
            if "context" in resource or isinstance(resource.get("questionnaire"), dict):
                return "STU3"
            if "encounter" in resource or isinstance(resource.get("questionnaire"), str):
                return "R4"
        return None


def json_format(path: Path) -> tuple[str, str]:
    """`fhir` or `jsonl`, and why; raises ExportUnreadable for what holds no records."""
    form, elements = _first_elements(path)
    objects = [e.content for e in elements if isinstance(e.content, dict)]
    if not objects:
        raise ExportUnreadable(f"{path.name}: holds no JSON object; export again")
    if any({"SurveyEntry", "SurveyElements"} <= one.keys() for one in objects):
        raise ExportUnreadable(
            f"{path.name}: not an export: a Qualtrics survey definition (QSF); export the responses as CSV"
        )
    resources = _resources(form, elements)
    if not resources.found:
        return "jsonl", f"JSON objects, {_FORMS.get(form, 'one')}, without a resourceType"
    if resources.types.keys() <= _DEFINITIONS:
        names = ", ".join(sorted(resources.types))
        raise ExportUnreadable(
            f"{path.name}: not an export: FHIR {names}, a definition without answers; export QuestionnaireResponses"
        )
    return "fhir", _why(resources, elements)


def is_lines(path: Path) -> bool:
    """Whether the file is cut into lines, one record on each; else it is one JSON document."""
    return find_form(path) == "ndjson"


def read_resources(path: Path) -> Resources:
    """The first resources of a FHIR file."""
    return _resources(*_first_elements(path))


def _first_elements(path: Path) -> tuple[str, list[Element]]:
    form = find_form(path)
    found: list[Element] = []
    try:
        elements = (e for e in read_elements(path, form) if isinstance(e, Element))
        found.extend(islice((e for e in elements if e.content is not NOT_JSON), ELEMENTS_SEEN))
    except ExportUnreadable:
        if not found or form != "document":  # one object with a list of entries that is no Bundle
            raise
    return form, found


def _resources(form: str, elements: list[Element]) -> Resources:
    resources = Resources(form)
    for element in elements:
        for entry in _entries(element):
            if isinstance(entry.get("request"), dict) and "resource" not in entry:
                resources.n_deleted += 1
            resource = entry.get("resource")
            if isinstance(resource, dict) and isinstance(resource.get("resourceType"), str):
                resources.found.append(resource)
    return resources


def _entries(element: Element) -> Iterator[dict[str, Any]]:
    """The entries of a Bundle; a bare resource as if it stood in one."""
    content = element.content
    if not isinstance(content, dict):
        return
    if element.is_entry:
        yield content
    elif content.get("resourceType") == "Bundle":
        yield from (e for e in content.get("entry") or () if isinstance(e, dict))
    else:
        yield {"resource": content}


def _why(resources: Resources, elements: list[Element]) -> str:
    forms = {"ndjson": "NDJSON", "array": "a JSON array", "document": "one resource"}
    form = "a Bundle" if any(e.is_entry for e in elements) else forms[resources.form]
    types = ", ".join(f"{name} {n}" for name, n in sorted(resources.types.items()))
    seen = f" among the first {ELEMENTS_SEEN}" if len(elements) == ELEMENTS_SEEN else ""
    version = f", {resources.version} by its elements" if resources.version else ""
    return f"FHIR: {form} ({types}{seen}{version})"


def read_objects(path: Path) -> Iterator[dict[str, Any]]:
    """The first records as they stand."""
    _, elements = _first_elements(path)
    yield from (e.content for e in elements if isinstance(e.content, dict))
