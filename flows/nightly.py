"""Prefect flow: ingest, then build, while holding the warehouse; the scheduled entry."""

from datetime import date
from pathlib import Path

from prefect import flow

from flows.build import build
from flows.ingest import ingest
from flows.steps.failures import plain_failures
from flows.steps.intake import Intake
from flows.steps.lock import writer_lock
from flows.steps.pipeline import Built


@flow(name="nightly", persist_result=False, validate_parameters=False)
def nightly(data: Path | str, as_of: date | str | None = None) -> tuple[Intake, Built]:
    """One whole run. A deployment hands its parameters over as text."""
    data = Path(data)
    as_of = date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    with plain_failures(data / "warehouse"), writer_lock(data / "warehouse"):
        return ingest(data), build(data, as_of)
