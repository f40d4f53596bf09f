"""The receipt of one export: what is known of it once it was taken in. The ledger lists those in force."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Receipt:
    """What one export became. Rows are source records; rows_read = landed + refused + ignored."""

    file_key: str
    clinic_id: str
    source_id: str
    table: str
    file_name: str
    file_sha256: str
    mode: str
    timezone: str
    data_through: str | None
    exported_at: str = ""
    rows_read: int = 0
    rows_landed: int = 0
    rows_refused: int = 0
    rows_ignored: int = 0
    parts_refused: int = 0
    refused_by_rule: dict[str, int] = field(default_factory=dict)
    refused_by: str = ""  # the rule that refused the file whole
    refused_why: str = ""
    refused_column: str = ""
    medians: dict[str, tuple[int, int, float]] = field(default_factory=dict)
    logged_days: list[str] = field(default_factory=list)
    landed: dict[str, str] = field(default_factory=dict)
    landed_rows: dict[str, int] = field(default_factory=dict)
    dialect: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    unmapped_columns: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """As the ledger stores it."""
        return asdict(self)
