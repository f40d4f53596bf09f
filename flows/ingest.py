"""Prefect flow: new exports -> landed Parquet and refused cells, one task per file.

A task carries paths and counts, never rows: what Prefect stores or prints of it holds no patient's value.
"""

from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task

from flows.steps.discover import Export
from flows.steps.failures import plain_failures
from flows.steps.intake import Intake, finish_intake, plan_intake, take_in

ROWS = ("rows_read", "rows_landed", "rows_refused", "rows_ignored")


@task(task_run_name="{label}", persist_result=False)
def ingest_file(label: str, number: int, plan: Intake) -> dict[str, int]:
    """Take in one export; trouble with it is kept in the plan, the others go on."""
    export: Export = plan.new[number]
    with plain_failures(plan.warehouse):
        receipt: dict[str, Any] | None = take_in(plan, export)
    counts = {name: int(receipt[name]) for name in ROWS} if receipt else {}
    get_run_logger().info("%s: %s", label, counts or "not taken in, see the problems of this run")
    return counts


@flow(name="ingest", persist_result=False, validate_parameters=False)
def ingest(data: Path) -> Intake:
    """Take in everything that is new below `data/raw`."""
    with plain_failures(data / "warehouse"):
        plan = plan_intake(data)
        for number, export in enumerate(plan.new):
            ingest_file(export.label, number, plan)
        finish_intake(plan)
        return plan
