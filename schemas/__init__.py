"""What the data is: contracts, source.toml, questionnaires, errors. Imports nothing of ours."""
