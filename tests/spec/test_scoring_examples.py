"""The worked examples that every questionnaire file carries."""

from pathlib import Path
from typing import Any

import pytest

from flows.steps.score import score_requests
from schemas.instrument import Example, Instrument, InstrumentError, read_instruments

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


def request(one: Instrument, example: Example) -> dict[str, Any]:
    """The example as a clinic would ask."""
    return {
        "id": one.id,
        "instrument": one.id,
        "version": one.version,
        "responses": example.answers,
        "options": example.options,
    }


@pytest.mark.parametrize(
    "number", range(len(EXAMPLES)), ids=[f"{one.id}-{n}" for n, (one, _) in enumerate(EXAMPLES)]
)
def test_example(number: int, results: list[dict[str, Any]]) -> None:
    _, example = EXAMPLES[number]
    result = results[number]
    assert result.get("error", "") == example.error
    found = {score_id: result["scores"][score_id] for score_id in example.scores}
    assert found == {
        score_id: pytest.approx(value, abs=1e-6) if isinstance(value, float | int) else value
        for score_id, value in example.scores.items()
    }


@pytest.mark.parametrize("one", INSTRUMENTS.values(), ids=lambda one: one.id)
def test_the_examples_show_every_way_in_which_a_score_comes_about(one: Instrument) -> None:
    """Both ends, something between, no score, a refused answer, every option, coding and unit."""
    scored = [example for example in one.examples if not example.error]
    assert len(scored) < len(one.examples)
    for score in one.scores.values():
        shown = [e.scores[score.id] for e in scored if score.id in e.scores]
        assert None in shown, score.id
        numbers = sorted(value for value in shown if isinstance(value, float | int))
        if score.method in ("eq5d_profile", "eq5d_value_set"):
            continue
        assert score.range == (numbers[0], numbers[-1]) and len(set(numbers)) > 2, score.id
    for key, names in {
        "missing": one.missing_options, "coding_variant": one.coding_variants,
        "unit": {*one.units, *one.units_per_probe} - {"kPa"},
    }.items():  # fmt: skip
        assert {example.options[key] for example in scored if key in example.options} == set(names)


def test_an_example_of_nothing_is_refused(tmp_path: Path) -> None:
    text = Path(INSTRUMENTS["peg", "3"].path).read_text(encoding="utf-8")
    for wrong, message in {
        "answers = { q4 = 1 }\nscores = { score = 1 }": "no such item: q4",
        "answers = { q1 = 1 }\nscores = { total = 1 }": "no such score: total",
        "answers = { q1 = 1 }": "say what comes out",
        "answers = { q1 = 1 }\nscore = 1\nremark = 'x'": "remark: unknown key",
    }.items():
        head = text[: text.index("[[examples]]")]
        (tmp_path / "peg.toml").write_text(f"{head}[[examples]]\n{wrong}\n", encoding="utf-8")
        with pytest.raises(InstrumentError, match=message):
            read_instruments(tmp_path)
