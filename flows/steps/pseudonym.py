"""Pseudonyms: `participant_id` becomes `participant_key` before anything is written.

Keyed, because a plain hash of a record number is undone by trying all numbers; one key per clinic, so that
people cannot be linked between clinics (clinical.md 5.2). Ids are trimmed and NFC-normalised, nothing else.
"""

import hmac
import os
import secrets
import unicodedata
from pathlib import Path

import numpy as np
import pyarrow as pa

KEY_BYTES = 32
KEY_LENGTH = 26
_ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", np.uint8)


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


def participant_keys(key: bytes, clinic: str, participant_ids: list[str]) -> list[str]:
    """base32(HMAC-SHA-256(key, "v1|" + clinic + "|" + id)), first 26 characters, of each id."""
    if not participant_ids:
        return []
    normal = [unicodedata.normalize("NFC", text.strip()) for text in participant_ids]
    digests = b"".join(hmac.digest(key, f"v1|{clinic}|{text}".encode(), "sha256") for text in normal)
    # base32 by numpy: 5 bits a character; the standard library needs ten microseconds an id.
    bits = np.unpackbits(np.frombuffer(digests, np.uint8).reshape(len(normal), -1), axis=1)[:, : 5 * KEY_LENGTH]
    letters = _ALPHABET[np.packbits(bits.reshape(-1, 5), axis=1)[:, 0] >> 3]
    return [text.decode() for text in letters.reshape(len(normal), -1).view(f"S{KEY_LENGTH}")[:, 0].tolist()]


class Pseudonyms:
    """Pseudonyms of one clinic; each id is hashed once per file, not once per row."""

    def __init__(self, key: bytes, clinic: str) -> None:
        self._key, self._clinic = key, clinic
        self._known: dict[str, str] = {}

    def encode(self, ids: "pa.DictionaryArray") -> "pa.DictionaryArray":
        """The same column with each id replaced by its key."""
        texts = ids.dictionary.to_pylist()
        new = [text for text in texts if text not in self._known]
        self._known.update(zip(new, participant_keys(self._key, self._clinic, new), strict=True))
        keys = pa.array([self._known[text] for text in texts], pa.string())
        return pa.DictionaryArray.from_arrays(ids.indices.cast(pa.int32()), keys)
