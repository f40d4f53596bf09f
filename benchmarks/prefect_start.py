"""Prefect's own share of a run: its import, and with `--flow` an empty flow on a new server."""

import os
import sys
import tempfile


def main() -> None:
    """Import Prefect; start its temporary server only when asked to."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["PREFECT_HOME"] = home  # before the import, which reads it
        os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
        from prefect import flow

        if "--flow" in sys.argv:
            flow(name="empty")(_nothing)()


def _nothing() -> None:
    """The body of the empty flow."""


if __name__ == "__main__":
    main()
