"""The `[dialect]` of a draft: only what the export's own evidence does not settle when it is read."""

from flows.steps.inspect_lines import quoted
from flows.steps.inspect_readings import Reading
from flows.steps.inspect_sample import Sample
from flows.steps.inspect_times import decimal_evidence
from schemas.source import DEFAULT_MISSING

_UNSETTLED = ("contradictory", "undecided")


def dialect_lines(sample: Sample, reading: Reading, order: str | None, why_order: str) -> list[str]:
    """The keys to declare, and, as comments, those that a person must decide."""
    declared, guesses = sample.dialect, sample.guesses
    lines = [f"{key:<11} = {quoted(value)}  # check: a guess" for key, value in guesses.items()]
    for key in ("sheet", "questionnaire", "code"):
        if value := getattr(declared, key):
            lines.append(f"{key:<11} = {quoted(value)}")
    if "header_rows" in declared.model_fields_set:
        lines.append(f"header_rows = {declared.header_rows}")
    if order in ("dmy", "mdy"):
        lines.append(
            f"date_order  = {quoted(order)}  # here {why_order}; an export with fewer rows may not tell"
        )
    elif why_order.startswith(_UNSETTLED):
        lines.append(f'# date_order = "dmy"  # check: dmy or mdy; {why_order}')
    lines += _decimal(sample, reading) + _missing(reading)
    return ["[dialect]", *lines] if lines else []


def _decimal(sample: Sample, reading: Reading) -> list[str]:
    if sample.format in ("jsonl", "fhir", "xlsx"):
        return []
    _, why = decimal_evidence(reading.roles, reading.found, sample.frame)
    if sample.format == "redcap" or not why.startswith("contradictory"):
        return []  # settled when it is read, in REDCap column by column
    return [f'# decimal = ","  # check: {why}']


def _missing(reading: Reading) -> list[str]:
    coded = sorted({code for found in reading.found for code in found.coded_missing})
    if not coded:
        return []
    words = ", ".join(quoted(word) for word in (*DEFAULT_MISSING, *coded))
    return [f"# missing = [{words}]  # check: whether {', '.join(coded)} mean no answer"]
