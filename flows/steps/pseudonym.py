"""Pseudonyms: `participant_id` becomes `participant_key` before anything is written.

Keyed, because a plain hash of a record number is undone by trying all numbers; one key per clinic, so that
people cannot be linked between clinics (clinical.md 5.2). Ids are trimmed and NFC-normalised, nothing else.
"""

import hmac
import os
import secrets
import threading
import unicodedata
from pathlib import Path

import numpy as np
import polars as pl
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
    normal = [
        text.strip() if text.isascii() else unicodedata.normalize("NFC", text.strip())
        for text in participant_ids
    ]
    prefix, digest = f"v1|{clinic}|", hmac.digest
    digests = b"".join([digest(key, (prefix + text).encode(), "sha256") for text in normal])
    # base32 by numpy: 5 bits a character; the standard library needs ten microseconds an id.
    bits = np.unpackbits(np.frombuffer(digests, np.uint8).reshape(len(normal), -1), axis=1)[
        :, : 5 * KEY_LENGTH
    ]
    letters = _ALPHABET[np.packbits(bits.reshape(-1, 5), axis=1)[:, 0] >> 3]
    return [
        text.decode()
        for text in letters.reshape(len(normal), -1).view(f"S{KEY_LENGTH}")[:, 0].tolist()
    ]


class Pseudonyms:
    """Pseudonyms of one clinic; each id is hashed once per file, not once per row."""

    def __init__(self, key: bytes, clinic: str) -> None:
        self._key, self._clinic = key, clinic
        self._known = pl.DataFrame(schema={"id": pl.String, "key": pl.String})
        self._lock = threading.Lock()

    def encode(self, ids: pl.Series) -> "pa.DictionaryArray":
        """The same column with each id replaced by its key, as a dictionary of the keys that occur."""
        coded = ids.cast(pl.Categorical(pl.Categories.random())).to_arrow()
        keys = self._keys_of(pl.Series("id", coded.dictionary.cast(pa.large_string())))
        return pa.DictionaryArray.from_arrays(
            coded.indices.cast(pa.int32()), keys.to_arrow().cast(pa.string())
        )

    def _keys_of(self, ids: pl.Series) -> pl.Series:
        with self._lock:
            new = ids.to_frame().join(self._known, on="id", how="anti")["id"].to_list()
            keys = participant_keys(self._key, self._clinic, new)
            self._known = pl.concat(
                [self._known, pl.DataFrame({"id": new, "key": keys}, schema=self._known.schema)]
            )
            known = self._known
        return ids.to_frame().join(known, on="id", how="left", maintain_order="left")["key"]
