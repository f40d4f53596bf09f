"""One module per arrow of the pipeline; none imports Prefect."""
