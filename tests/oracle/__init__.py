"""A slow, plain second opinion: both marts recomputed from the landed Parquet by the written rules.

Nothing here is imported from the product and nothing was copied from it; where the rules are
silent, the choice taken stands in a comment that begins with `spec silent:`.
"""
