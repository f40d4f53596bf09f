"""The flows: Prefect at depth 1, plain functions below."""
