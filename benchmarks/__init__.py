"""A synthetic clinic network of any size, and what the pipeline costs beside a bare DuckDB."""
