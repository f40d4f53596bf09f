"""Prefect flow: landed Parquet -> warehouse -> marts -> disclosure -> gate -> publish."""

from datetime import UTC, date, datetime
from pathlib import Path

from prefect import flow, get_run_logger, task

from flows.steps import release
from flows.steps.failures import plain_failures
from flows.steps.pipeline import Built


@task(persist_result=False)
def build_warehouse(draft: release.Draft) -> None:
    """Staging, facts, inference, marts."""
    with plain_failures(draft.warehouse):
        release.build(draft)


@task(persist_result=False)
def disclose(draft: release.Draft) -> int:
    """Hide small numbers for the dashboard; returns how many figures."""
    with plain_failures(draft.warehouse):
        return release.disclose_draft(draft)


@task(persist_result=False)
def gate(draft: release.Draft) -> None:
    """Great Expectations and sql/checks."""
    with plain_failures(draft.warehouse):
        release.check(draft)


@task(persist_result=False)
def publish(draft: release.Draft) -> Path:
    """Switch readers to the new release."""
    with plain_failures(draft.warehouse):
        return release.finish_draft(draft)


@flow(name="build", persist_result=False, validate_parameters=False)
def build(data: Path, as_of: date | None = None) -> Built:
    """Build a release if anything changed; the old one stays in force unless the gate passes."""
    with plain_failures(data / "warehouse"):
        draft = release.start(data, as_of, datetime.now(UTC))
        if draft is None:
            get_run_logger().info("nothing changed: the release in force stands")
            return Built(None, None)
        try:
            build_warehouse(draft)
            if not release.is_worth_publishing(draft):
                release.note_build(draft)
                return Built(None, None)
            n_hidden = disclose(draft)
            gate(draft)
            return Built(draft.release_id, publish(draft), n_hidden)
        finally:
            release.discard(draft)
