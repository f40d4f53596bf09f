"""The 17 published cases of adherence, from the tables between the arrows to facts.fct_adherence."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from adherence_world import Version, World

SHARED = Path(os.environ.get("FOLLOWTHROUGH_SHARED", Path(__file__).parents[3] / "shared"))


def find_cases() -> list[dict[str, Any]]:
    path = SHARED / "vectors" / "adherence.json"
    if not path.exists():
        return []
    return list(json.loads(path.read_text("utf-8"))["vectors"])


def world_of(given: dict[str, Any]) -> World:
    world = World(as_of_day=given["as_of_day"])
    version = Version(1, given.get("per_week"), given["minutes"])
    person = world.enrol(given.get("weeks"), [version], plan=given["plan"])
    for number, minutes in given["sessions"]:
        world.log(person, number, minutes=minutes)
    return world.build()


@pytest.mark.shared_data
@pytest.mark.skipif(not find_cases(), reason="the shared vectors are not here")
@pytest.mark.parametrize("case", find_cases(), ids=lambda case: case["id"])
def test_every_expected_value_is_a_column_of_that_name(case: dict[str, Any]) -> None:
    row = world_of(case["input"]).adherence()
    for name, expected in case["expected"].items():
        if isinstance(expected, float):
            assert row[name] == pytest.approx(expected, abs=1e-6), name
        else:
            assert row[name] == expected, name
            assert isinstance(row[name], bool) is isinstance(expected, bool), name
