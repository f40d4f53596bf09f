"""The worked examples that every questionnaire file carries."""

from collections.abc import Mapping
from typing import Any

import pytest

from flows.steps.score import score_requests
from schemas.instrument import Instrument, read_instruments

INSTRUMENTS = read_instruments()
EXAMPLES = [(one, example) for one in INSTRUMENTS.values() for example in one.examples]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The outcome of each example, in one call, in a data folder where every licence is accepted."""
    data = tmp_path_factory.mktemp("data")
    text = "".join(
        f'[{name}]\naccepted_by = "a test"\ndate = 2026-01-01\nreference = "none"\n'
        for name, _ in INSTRUMENTS
    )
    (data / "licences.toml").write_text(text, encoding="utf-8")
    return score_requests([request(*pair) for pair in EXAMPLES], data)


def request(one: Instrument, example: Mapping[str, Any]) -> dict[str, Any]:
    """The example as a clinic would ask."""
    return {
        "id": one.id,
        "instrument": one.id,
        "version": one.version,
        "responses": example["answers"],
        "options": example.get("options", {}),
    }


def expected(example: Mapping[str, Any], one: Instrument) -> dict[str, Any]:
    """Scores of an example; `score` is short for the only one."""
    scores = dict(example.get("scores", {}))
    if "score" in example:
        scores[next(iter(one.scores))] = example["score"]
    return scores | dict.fromkeys(example.get("not_scorable", []))


@pytest.mark.parametrize(
    "number", range(len(EXAMPLES)), ids=[f"{one.id}-{n}" for n, (one, _) in enumerate(EXAMPLES)]
)
def test_example(number: int, results: list[dict[str, Any]]) -> None:
    one, example = EXAMPLES[number]
    result = results[number]
    assert result.get("error") == example.get("error")
    for score_id, value in expected(example, one).items():
        wanted = pytest.approx(value, abs=1e-6) if isinstance(value, float | int) else value
        assert result["scores"][score_id] == wanted, score_id


@pytest.mark.parametrize("one", INSTRUMENTS.values(), ids=lambda one: one.id)
def test_every_questionnaire_shows_a_scored_and_a_refused_answer(one: Instrument) -> None:
    refused = [example for example in one.examples if "error" in example]
    assert refused and len(one.examples) > len(refused)
