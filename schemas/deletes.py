"""`[deletes]` of a `source.toml`: files that list deleted records instead of holding data."""

from collections.abc import Collection

from pydantic import BaseModel, ConfigDict

# What a delete file names a record by.
RECORD_ID = {"session": "session_id", "survey": "response_id"}


class Deletes(BaseModel):
    """Which of a source's files list deleted records, and the column of these that holds the record's id."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: str
    column: str

    def check(self, table: str, columns: Collection[str]) -> None:
        """Raise ValueError where records of this table have no id."""
        if RECORD_ID.get(table) not in columns:
            raise ValueError(
                "deletes: only sessions with session_id and surveys with response_id can be deleted"
            )
