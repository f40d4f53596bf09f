"""The published scoring vectors, through the path that a run and `followthrough score` share."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from flows.steps.score import score_requests
from schemas.instrument import read_instruments
from tests.value_sets import PUBLISHED, write_published

SHARED = Path(os.environ.get("FOLLOWTHROUGH_SHARED", Path(__file__).parents[3] / "shared"))
FILE = SHARED / "vectors" / "scoring.json"
pytestmark = pytest.mark.shared_data

VECTORS: list[dict[str, Any]] = (
    json.loads(FILE.read_text(encoding="utf-8"))["vectors"] if FILE.exists() else []
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Every vector scored in one call, under accepted licences and with two of the three value sets."""
    if not VECTORS:
        pytest.skip("no shared data")
    data = tmp_path_factory.mktemp("data")
    licences = "".join(
        f'[{name}]\naccepted_by = "a test"\ndate = 2026-01-01\nreference = "none"\n'
        for name, _ in read_instruments()
    )
    (data / "licences.toml").write_text(licences, encoding="utf-8")
    for name in PUBLISHED:
        write_published(data / "value_sets", name)
    return {result["id"]: result for result in score_requests(VECTORS, data)}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_vector(vector: dict[str, Any], results: dict[str, dict[str, Any]]) -> None:
    result = results[vector["id"]]
    if "expected_error" in vector:
        assert result == {"id": vector["id"], "error": vector["expected_error"]}
        return
    expected, found = dict(vector["expected"]), dict(result["scores"])
    assert expected.keys() == found.keys()
    if vector["options"].get("value_set", "England") not in PUBLISHED:
        expected["index"] = None  # value sets are the user's, none is shipped
    for score_id, value in expected.items():
        wanted = (
            value
            if value is None or isinstance(value, str)
            else pytest.approx(value, abs=vector["tolerance"], rel=0)
        )
        assert found[score_id] == wanted, score_id
