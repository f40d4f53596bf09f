"""Drafts of `followthrough inspect` with the lines that a person edits before they run."""

from pathlib import Path

from flows.steps.inspect_file import inspect_file

MOST_EDITS = 5

# Demo source -> start of a line of its draft -> the line that a person writes instead.
DEMO_EDITS: dict[str, dict[str, str]] = {
    "riverside/app": {"timezone": 'timezone = "America/Los_Angeles"'},
    "riverside/surveys": {"timezone": 'timezone = "America/Los_Angeles"'},
    "riverside/registry": {"timezone": 'timezone = "America/Los_Angeles"'},
    "lindenhof/stammdaten": {"timezone": 'timezone = "Europe/Berlin"'},
    "lindenhof/tagebuch": {"timezone": 'timezone = "Europe/Berlin"'},
    "lindenhof/fragebogen": {
        "timezone": 'timezone = "Europe/Berlin"',
        'visit  = "T2"': 'visit = "WK4"',
        'visit  = "T3"': 'visit = "WK12"',
    },
    "harbour/log": {"timezone": 'timezone = "Australia/Sydney"'},
    "harbour/checkins": {"timezone": 'timezone = "Australia/Sydney"'},
    "harbour/programmes": {"timezone": 'timezone = "Australia/Sydney"'},
    "maplewood/diary": {"timezone": 'timezone = "America/Toronto"'},
    "maplewood/pauses": {"timezone": 'timezone = "America/Toronto"'},
    "maplewood/registry": {"timezone": 'timezone = "America/Toronto"'},
    "maplewood/outcomes": {
        "timezone": 'timezone = "America/Toronto"',
        "# mode": 'mode = "snapshot"',
        '"Discharge"': '"Discharge" = "WK12"',
    },
}


def edited(draft: str, edits: dict[str, str]) -> str:
    """The draft with these lines instead of those that begin so, each of which must be there once."""
    assert len(edits) <= MOST_EDITS
    lines = draft.splitlines()
    for start, line in edits.items():
        (at,) = [i for i, old in enumerate(lines) if old.startswith(start)]
        lines[at] = line
    return "\n".join(lines) + "\n"


def draft_into(folder: Path, edits: dict[str, dict[str, str]]) -> dict[str, str]:
    """Inspect a folder, and save its drafts with their edits (by the draft's name); name -> text as drafted."""
    drafts = [d for one in inspect_file(folder)["files"] for d in one["drafts"]]
    for draft in drafts:
        text = edited(draft["text"], edits.get(draft["name"], {}))
        Path(draft["folder"], draft["name"]).write_text(text, encoding="utf-8")
    return {draft["name"]: draft["text"] for draft in drafts}
