"""Pseudonyms: `participant_id` becomes `participant_key` before anything is written.

Keyed, because a plain hash of a record number is undone by trying all numbers; one key per clinic, so that
people cannot be linked between clinics (clinical.md 5.2). Ids are trimmed and NFC-normalised, nothing else.
"""

import base64
import hmac
import os
import secrets
import unicodedata
from pathlib import Path

import pyarrow as pa

KEY_BYTES = 32


def read_key(folder: Path, clinic: str) -> bytes:
    """The clinic's secret key, made once with mode 0600 if there is none."""
    path = folder / f"{clinic}.key"
    if not path.exists():
        _make_key(path)
    return bytes.fromhex(path.read_text(encoding="ascii").strip())


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secrets.token_hex(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # fails if another process made the key meanwhile: that one stands
    except FileExistsError:
        return
    finally:
        draft.unlink()


def participant_key(key: bytes, clinic: str, participant_id: str) -> str:
    """base32(HMAC-SHA-256(key, "v1|" + clinic + "|" + id)), first 26 characters."""
    normal = unicodedata.normalize("NFC", participant_id.strip())
    digest = hmac.digest(key, f"v1|{clinic}|{normal}".encode(), "sha256")
    return base64.b32encode(digest).decode("ascii")[:26]


class Pseudonyms:
    """Pseudonyms of one clinic; each id is hashed once per file, not once per row."""

    def __init__(self, key: bytes, clinic: str) -> None:
        self._key, self._clinic = key, clinic
        self._known: dict[str, str] = {}

    def encode(self, ids: "pa.DictionaryArray") -> "pa.DictionaryArray":
        """The same column with each id replaced by its key."""
        known = self._known
        for text in ids.dictionary.to_pylist():
            if text not in known:
                known[text] = participant_key(self._key, self._clinic, text)
        keys = pa.array([known[text] for text in ids.dictionary.to_pylist()], pa.string())
        return pa.DictionaryArray.from_arrays(ids.indices.cast(pa.int32()), keys)
