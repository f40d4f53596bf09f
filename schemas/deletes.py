"""`[deletes]` of a `source.toml`: files that list deleted records instead of holding data."""

import re
from collections.abc import Collection
from fnmatch import fnmatch

from pydantic import BaseModel, ConfigDict

# What a delete file names a record by.
RECORD_ID = {"session": "session_id", "survey": "response_id"}


class Deletes(BaseModel):
    """Which of a source's files list deleted records, and the column of these that holds the record's id."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: str
    column: str

    def check(self, table: str, columns: Collection[str], files: str) -> None:
        """Raise ValueError where records of this table have no id, or where no file could be one of these."""
        if RECORD_ID.get(table) not in columns:
            raise ValueError(
                "deletes: only sessions with session_id and surveys with response_id can be deleted"
            )
        if not _covers(files, self.files):
            raise ValueError("deletes.files: no such file is one of 'files'; widen 'files'")


def _covers(files: str, part: str) -> bool:
    """Whether a file of the glob `part` can be one of the glob `files`: else delete files would never be looked at."""
    example = re.sub(r"[*?]+", "x", part.removeprefix("**/"))
    return "[" in part or any(fnmatch(example, glob) for glob in (files, files.removeprefix("**/")))
