"""One FHIR resource as the text of its wanted cells: elements by path, answers by linkId at any depth."""

import re
from collections.abc import Iterator
from typing import Any

# The elements of a QuestionnaireResponse, R4 and STU3: a column whose name begins with one of them is a path, any
# other is the linkId of an item. All other resources have no items, so there every name is a path.
RESPONSE_ELEMENTS = frozenset({
    "resourceType", "id", "meta", "implicitRules", "language", "text", "contained", "extension", "modifierExtension",
    "identifier", "basedOn", "partOf", "parent", "questionnaire", "status", "subject", "encounter", "context",
    "authored", "author", "source", "item",
})  # fmt: skip
RESPONSE = "QuestionnaireResponse"
ITEM = "item:"  # before a linkId that would read as an element
# Extensions that say what a coded answer counts, by the last part of their URL.
_WEIGHTS = ("ordinalValue", "iso21090-CO-value", "itemWeight")
# What of an answer with parts is its text.
_PART = {"valueQuantity": "value", "valueReference": "reference", "valueAttachment": "url"}
_DELETED_URL = re.compile(r"(?:.*/)?([A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history(?:/.*)?)?")


class NotFhir(Exception):
    """The element has not the form of a FHIR resource."""


class RepeatedItem(Exception):
    """A wanted item is answered several times, and differently."""


class NotOneCell(Exception):
    """A wanted path ends at something that has parts of its own; its argument is the column."""


class Cells:
    """How the wanted columns of one resource type are read."""

    def __init__(self, names: tuple[str, ...], resource: str) -> None:
        self._items: dict[str, list[int]] = {}
        self._paths: list[tuple[int, str, list[str]]] = []
        for place, name in enumerate(names):
            if resource != RESPONSE or name.split(".")[0] in RESPONSE_ELEMENTS:
                self._paths.append((place, name, name.split(".")))
            else:
                self._items.setdefault(name.removeprefix(ITEM), []).append(place)
        self._n = len(names)

    def read(self, resource: dict[str, Any]) -> tuple[list[str | None], list[str]]:
        """The cells in the order of the names, and the linkIds that were answered."""
        cells: list[str | None] = [None] * self._n
        for place, name, path in self._paths:
            cells[place] = _text_at(resource, path, name)
        answers = self._answers(resource) if self._items else {}
        for link_id, text in answers.items():
            for place in self._items[link_id]:
                cells[place] = text
        return cells, list(answers)

    def _answers(self, resource: dict[str, Any]) -> dict[str, str]:
        """linkId -> text of the wanted items that are answered."""
        found: dict[str, str] = {}
        waiting = [resource]
        while waiting:
            for item in objects(waiting.pop().get("item")):
                answers = objects(item.get("answer"))
                link_id = item.get("linkId")
                if not isinstance(link_id, str):
                    raise NotFhir
                if answers and link_id in self._items:
                    text = _answer_text(answers)
                    if text is not None and found.setdefault(link_id, text) != text:
                        raise RepeatedItem
                waiting.append(item)
                waiting += [answer for answer in answers if "item" in answer]
        return found


def objects(value: Any) -> list[dict[str, Any]]:
    """A list of objects, absent or not; raises NotFhir for anything else."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise NotFhir
    for one in value:
        if not isinstance(one, dict):
            raise NotFhir
    return value


def _answer_text(answers: list[dict[str, Any]]) -> str | None:
    texts = [text for answer in answers if (text := _value_text(answer)) is not None]
    return ";".join(texts) if texts else None


def _value_text(answer: dict[str, Any]) -> str | None:
    """The answer's value[x]; None where only nested items or the reason of absence stand there."""
    for key, value in answer.items():
        if key.startswith("value"):
            return _coded_text(key, value, answer) if isinstance(value, dict) else scalar(value)
    return None


def _coded_text(key: str, value: dict[str, Any], answer: dict[str, Any]) -> str | None:
    """What of a value with parts is its text."""
    if key == "valueCoding":
        weight = _weight(value) or _weight(answer)
        return weight if weight is not None else scalar(value.get("code", value.get("display")))
    if key not in _PART:
        raise NotFhir
    return scalar(value.get(_PART[key]))


def _weight(holder: dict[str, Any]) -> str | None:
    """What a coded answer counts, where an extension says so."""
    if "extension" not in holder:
        return None
    for extension in objects(holder["extension"]):
        if str(extension.get("url")).rpartition("/")[2] in _WEIGHTS:
            for key, value in extension.items():
                if key.startswith("value"):
                    return scalar(value)
    return None


def scalar(value: Any) -> str | None:
    """A primitive as text; figures are text already. Raises NotFhir for what has parts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, str):
        return value
    raise NotFhir


def _text_at(resource: dict[str, Any], path: list[str], name: str) -> str | None:
    """What stands at the end of a path; several different values are joined by a semicolon."""
    try:
        texts = dict.fromkeys(
            text for v in _walk(resource, path) if (text := scalar(v)) is not None
        )
    except NotFhir:
        raise NotOneCell(name) from None
    return ";".join(texts) if texts else None


def _walk(value: Any, path: list[str]) -> Iterator[Any]:
    """The values at the end of a path: lists are walked through whole, or by a number in the path."""
    if isinstance(value, list):
        if path and path[0].isdecimal():
            value, path = value[int(path[0]) : int(path[0]) + 1], path[1:]
        for one in value:
            yield from _walk(one, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from _walk(value[path[0]], path[1:])


def deleted(entry: dict[str, Any]) -> tuple[str, str] | None:
    """Resource type and id that a Bundle entry deletes; None where it deletes nothing."""
    request = entry.get("request")
    if not isinstance(request, dict) or request.get("method") != "DELETE":
        return None
    found = _DELETED_URL.fullmatch(str(request.get("url")))
    if found is None:  # a deletion by search names no record
        raise NotFhir
    return found[1], found[2]


def is_of_code(resource: dict[str, Any], code: str) -> bool:
    """Whether one of the resource's codings is `code` or `system|code`."""
    system, _, word = code.rpartition("|")
    codings = _codings(resource)
    return any(c.get("code") == word and system in ("", c.get("system")) for c in codings)


def code_of(resource: dict[str, Any]) -> str:
    """The resource's codes, to tell one kind from another."""
    return ";".join(sorted({str(c.get("code")) for c in _codings(resource)}))


def _codings(resource: dict[str, Any]) -> list[dict[str, Any]]:
    concept = resource.get("code")
    return objects(concept.get("coding")) if isinstance(concept, dict) else []


def questionnaire_of(resource: dict[str, Any]) -> str | None:
    """The canonical address of a response's questionnaire without its version; None where it names none."""
    named = resource.get("questionnaire")
    if isinstance(named, dict):  # STU3: a reference
        named = named.get("reference")
    return named.partition("|")[0] if isinstance(named, str) else None
