"""Pseudonyms: base32 of a keyed hash, the same in every batch."""

import base64
import hmac

import polars as pl
import pytest

from flows.steps.pseudonym import Pseudonyms, participant_keys

IDS = ["P1", " P2 ", "Zo\u0065\u0308", "", "x" * 300]


@pytest.mark.parametrize("key", [b"k" * 32, b"short", b"longer than a block of the hash" * 3])
def test_keys_are_what_the_standard_library_makes(key):
    normal = ["P1", "P2", "Zo\u00eb", "", "x" * 300]
    digests = [hmac.digest(key, f"v1|vale|{text}".encode(), "sha256") for text in normal]
    told = [base64.b32encode(digest).decode()[:26] for digest in digests]
    assert participant_keys(key, "vale", IDS) == told
    assert participant_keys(key, "vale", []) == []


def test_batches_are_encoded_with_the_keys_of_their_own_people():
    pseudonyms = Pseudonyms(b"k" * 32, "vale")
    batches = [["P1", "P2", "P1"], [], [None, "P3", "P2"], [None], ["P4", "P1"]]
    for ids in batches:
        found = pseudonyms.encode(pl.Series(ids, dtype=pl.String))
        known = [text for text in ids if text is not None]
        keys = dict(zip(known, participant_keys(b"k" * 32, "vale", known), strict=True))
        assert found.to_pylist() == [keys.get(text) for text in ids]
        assert len(found.dictionary) == len(set(known))
