"""FHIR in JSON: a Bundle, an array, one resource, or bulk NDJSON; the wanted columns of one resource type as text.

Which type holds the rows follows from the mapping's table (`[dialect] resource`). Resources of other types are counted
and passed over; deletions are handed on; what two questionnaires or two codes share is refused, never mixed.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from flows.readers.fhir_cells import (
    RESPONSE,
    Cells,
    NotFhir,
    NotOneCell,
    RepeatedItem,
    code_of,
    deleted,
    is_of_code,
    objects,
    questionnaire_of,
)
from flows.readers.fhir_stream import NOT_JSON, Element, find_form, read_elements
from flows.readers.table import NO_BROKEN, NO_DELETED, Batch, TextTable
from schemas.errors import ExportUnreadable
from schemas.source import Dialect

BATCH_ROWS = 50_000
RETRACTED = "entered-in-error"
# The resource type that fills a table, where the mapping does not say so.
RESOURCES = {"survey": RESPONSE, "measure": "Observation", None: RESPONSE}
_TOLD = 10  # questionnaires that a receipt names
_FORMS = {
    "ndjson": "one resource per line",
    "array": "JSON array",
    "document": "Bundle or resource",
}


def open_table(path: Path, dialect: Dialect, wanted: tuple[str, ...]) -> TextTable:
    """Open a FHIR export; elements are known only while reading, so `columns` is None."""
    form = find_form(path)
    resource = dialect.resource or RESOURCES.get(dialect.table)
    if resource is None:
        raise ExportUnreadable(
            f"{path.name}: which resource type holds the rows of table {dialect.table} must be declared, for example "
            'resource = "CarePlan" under [dialect]'
        )
    receipt = {"encoding": "utf-8: JSON is UTF-8", "records": _FORMS[form], "resource": resource}

    def batches(names: tuple[str, ...]) -> Iterator[Batch]:
        if "line" in names:  # rows carry their line number under that name
            raise ExportUnreadable(f"{path.name}: a mapped column may not be called 'line'")
        rows = _Rows(path.name, dialect, resource, names)
        for element in read_elements(path, form):
            rows.take(element)
            if rows.n_held >= BATCH_ROWS:
                yield rows.batch()
        yield rows.batch()
        receipt.update(rows.told())

    return TextTable(None, batches, receipt)


class _Rows:
    """The rows of one file as they come; what they add up to is told at the end."""

    def __init__(self, name: str, dialect: Dialect, resource: str, names: tuple[str, ...]) -> None:
        self.name, self.dialect, self.resource, self.names = name, dialect, resource, names
        self.cells = Cells(names, resource)
        self.passed: Counter[str] = Counter()  # what became of elements that are no rows
        self.never_filled = list(names)
        self.questionnaires: Counter[str] = Counter()
        self.told_by: dict[str, str] = {}  # linkId -> questionnaire that answered it first
        self.codes: set[str] = set()
        self.must_be_of_one_code = (
            resource == "Observation"
            and dialect.code is None
            and not any(name.startswith("code.") for name in names)
        )
        self._clear()

    def _clear(self) -> None:
        self.lines: list[int] = []
        self.rows: list[list[str | None]] = []
        self.broken: list[tuple[int, str]] = []
        self.deleted: list[tuple[int, str]] = []
        self.n_ignored = 0

    @property
    def n_held(self) -> int:
        """Elements in the batch so far."""
        return len(self.lines) + len(self.broken) + self.n_ignored

    def take(self, element: Element | int) -> None:
        """One element of the file, whatever it is."""
        if isinstance(element, int):
            self.n_ignored += element
            return
        try:
            self._take(element)
        except NotFhir:
            self._break(element.line, "not_fhir")
        except RepeatedItem:
            self._break(element.line, "repeated_item")
        except NotOneCell as column:
            raise ExportUnreadable(
                f"{self.name}: '{column}' in source.toml is not one cell but has parts of its own; name the part, "
                "such as subject.reference or valueQuantity.value"
            ) from None

    def _break(self, line: int, rule_id: str) -> None:
        self.broken.append((line, rule_id))

    def _take(self, element: Element) -> None:
        content, line = element.content, element.line
        if content is NOT_JSON or not isinstance(content, dict):
            self._break(line, "not_json")
        elif element.is_entry or content.get("resourceType") == "Bundle":
            entries = [content] if element.is_entry else objects(content.get("entry"))
            self._take_entries(line, entries)
        else:
            self._take_resource(line, content)

    def _take_entries(self, line: int, entries: list[dict[str, Any]]) -> None:
        """What one element brings: an entry of a Bundle, or a small Bundle on a line of its own."""
        gone = [found for entry in entries if (found := deleted(entry))]
        resources = objects([e["resource"] for e in entries if e.get("resource") is not None])
        of_type = [r for r in resources if r.get("resourceType") == self.resource]
        if len(of_type) > 1:  # a line names one record
            self._break(line, "several_records")
            return
        self.deleted += [(line, record_id) for type_, record_id in gone if type_ == self.resource]
        self.passed["deletions"] += len(gone)
        n_bare = len(entries) - len(gone) - len(resources)  # answers of a server, searches
        self.passed["entries without a resource"] += max(n_bare, 0)
        self.passed.update(str(r.get("resourceType")) for r in resources if r not in of_type)
        if of_type:
            self._take_resource(line, of_type[0])
        else:
            self.n_ignored += 1

    def _take_resource(self, line: int, resource: dict[str, Any]) -> None:
        type_ = resource.get("resourceType")
        if not isinstance(type_, str):
            raise NotFhir
        if why := self._why_not(resource, type_):
            self.passed[why] += 1
            self.n_ignored += 1
        elif resource.get("status") == RETRACTED and "status" not in self.names:
            if isinstance(resource.get("id"), str):
                self.deleted.append((line, resource["id"]))
            self.passed[f"{type_} {RETRACTED}"] += 1
            self.n_ignored += 1
        else:
            self._keep(line, resource)

    def _why_not(self, resource: dict[str, Any], type_: str) -> str | None:
        """Why a resource is not asked for; None where it is."""
        code, questionnaire = self.dialect.code, self.dialect.questionnaire
        if type_ != self.resource:
            return type_
        if code is not None and not is_of_code(resource, code):
            return f"{type_} of another code"
        if (
            questionnaire is not None
            and questionnaire_of(resource) != questionnaire.partition("|")[0]
        ):
            return f"{type_} to another questionnaire"
        return None

    def _keep(self, line: int, resource: dict[str, Any]) -> None:
        cells, link_ids = self.cells.read(resource)
        self._check_not_mixed(resource, link_ids)
        self.lines.append(line)
        self.rows.append(cells)

    def _check_not_mixed(self, resource: dict[str, Any], link_ids: list[str]) -> None:
        """The same linkId means something else in another questionnaire; an Observation without its code, anything."""
        told = questionnaire_of(resource)
        if link_ids and told is not None:
            self.questionnaires[told] += 1
            for link_id in link_ids:
                if self.told_by.setdefault(link_id, told) != told:
                    raise ExportUnreadable(
                        f"{self.name}: item '{link_id}' is answered in responses to {self.told_by[link_id]} and to "
                        f"{told}; declare questionnaire under [dialect], one source.toml for each"
                    )
        if self.must_be_of_one_code:
            self.codes.add(code_of(resource))
            if len(self.codes) > 1:
                raise ExportUnreadable(
                    f"{self.name}: holds Observations of several codes ({', '.join(sorted(self.codes))}); declare "
                    'code under [dialect], for example code = "72514-3", or map kind = "code.coding.code"'
                )

    def batch(self) -> Batch:
        """What came since the last batch."""
        columns = list(zip(*self.rows, strict=True)) or [()] * len(self.names)
        frame = pl.DataFrame(
            {"line": pl.Series(self.lines, dtype=pl.Int64)}
            | {
                name: pl.Series(cells, dtype=pl.String)
                for name, cells in zip(self.names, columns, strict=True)
            }
        )
        self.never_filled = [n for n in self.never_filled if frame[n].null_count() == frame.height]
        broken = pl.DataFrame(self.broken, NO_BROKEN.schema, orient="row")
        deleted = pl.DataFrame(self.deleted, NO_DELETED.schema, orient="row")
        batch = Batch(frame, broken, self.n_ignored, deleted)
        self._clear()
        return batch

    def told(self) -> dict[str, str]:
        """The receipt's lines on what the file held."""
        named = [f"{name} ({n})" for name, n in self.questionnaires.most_common(_TOLD)]
        passed = [f"{name} {n}" for name, n in sorted(self.passed.items()) if n]
        return {
            "questionnaires": ", ".join(named) or "not named",
            "passed over": ", ".join(passed) or "nothing",
            "columns without any value": ", ".join(self.never_filled) or "none",
        }
