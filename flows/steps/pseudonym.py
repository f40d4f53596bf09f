"""Pseudonyms: `participant_id` becomes `participant_key` before anything is written.

Keyed, because a plain hash of a record number is undone by trying all numbers; one key per clinic, so that
people cannot be linked between clinics (clinical.md 5.2). Ids are trimmed and NFC-normalised, nothing else.
"""

import os
import secrets
import threading
import unicodedata
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

KEY_BYTES = 32
KEY_LENGTH = 26
_ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", np.uint8)
_BLOCK = 64  # bytes that SHA-256 takes at once
_NO_KEYS = np.array([], f"S{KEY_LENGTH}")


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
    return [text.decode() for text in _keys_of(key, clinic, participant_ids).tolist()]


def _keys_of(key: bytes, clinic: str, participant_ids: list[str]) -> np.ndarray:
    if not participant_ids:
        return _NO_KEYS
    normal = [
        text.strip() if text.isascii() else unicodedata.normalize("NFC", text.strip())
        for text in participant_ids
    ]
    digests = b"".join(_hmacs(key, f"v1|{clinic}|".encode(), [text.encode() for text in normal]))
    numbers = np.frombuffer(digests, np.uint8).reshape(len(normal), -1).astype(np.uint16)
    letters = np.empty((len(normal), KEY_LENGTH), np.uint8)
    for place in range(KEY_LENGTH):  # base32: 5 bits a letter, which stand in two bytes
        byte, bit = divmod(5 * place, 8)
        two = (numbers[:, byte] << 8) | numbers[:, byte + 1]
        letters[:, place] = _ALPHABET[(two >> (11 - bit)) & 31]
    return letters.view(_NO_KEYS.dtype)[:, 0]


def _hmacs(key: bytes, prefix: bytes, texts: list[bytes]) -> list[bytes]:
    """HMAC-SHA-256 of each text behind the prefix, as RFC 2104 defines it.

    Written out, because the two pads are the same for all texts: half the time of `hmac.digest`, which a test holds it against.
    """
    block = (key if len(key) <= _BLOCK else sha256(key).digest()).ljust(_BLOCK, b"\0")
    inner, outer = bytes(b ^ 0x36 for b in block) + prefix, bytes(b ^ 0x5C for b in block)
    return [sha256(outer + sha256(inner + text).digest()).digest() for text in texts]


class Pseudonyms:
    """Pseudonyms of one clinic; each id is hashed once per file, not once per row.

    `_ids` numbers the ids of the file as they come; their keys stand in `_keys` at those numbers.
    """

    def __init__(self, key: bytes, clinic: str) -> None:
        self._key, self._clinic = key, clinic
        self._ids = pl.Categorical(pl.Categories.random())
        self._hold = pl.Series(
            [], dtype=self._ids
        )  # numbers are forgotten with the last column of them
        self._keys = _NO_KEYS
        self._lock = threading.Lock()

    def encode(self, ids: pl.Series) -> "pa.DictionaryArray":
        """The same column with each id replaced by its key, as a dictionary of the keys that occur."""
        with self._lock:
            numbers = ids.cast(self._ids).to_physical()
            self._hash_new(numbers)
            keys = self._keys
        known = numbers.drop_nulls().to_numpy()
        occurs = np.zeros(len(keys), np.bool_)
        occurs[known] = True
        place = np.cumsum(occurs, dtype=np.int32) - np.int32(1)
        indices = numbers.fill_null(0).to_numpy()
        is_null = numbers.is_null().to_numpy() if numbers.null_count() else None
        at = place[indices] if len(place) else np.zeros(len(indices), np.int32)
        return pa.DictionaryArray.from_arrays(
            pa.array(at, pa.int32(), mask=is_null), _to_arrow(keys[occurs])
        )

    def _hash_new(self, numbers: pl.Series) -> None:
        n_known, last = len(self._keys), numbers.max()
        if not isinstance(last, int) or last < n_known:
            return
        new = pl.Series(np.arange(n_known, last + 1, dtype=np.uint32)).cat.to(self._ids)
        found = _keys_of(self._key, self._clinic, new.cast(pl.String).to_list())
        self._keys = np.concatenate([self._keys, found])


def _to_arrow(keys: np.ndarray) -> "pa.Array":
    """Texts of one length as Arrow has them: their bytes, and where each begins."""
    starts = np.arange(len(keys) + 1, dtype=np.int32) * np.int32(KEY_LENGTH)
    return pa.StringArray.from_buffers(len(keys), pa.py_buffer(starts), pa.py_buffer(keys))
