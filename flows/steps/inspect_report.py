"""What an inspection found, in words for a terminal: where, what was looked for, what to declare. No cell is shown."""

from typing import Any

Told = dict[str, Any]
_SHOWN = 40
_LOOKED_FOR = {
    "participant": "not recognised; looked for names such as Patient ID, record_id, user, and for cells such as P001; map participant_id",
    "times": "none recognised; looked for names such as Date, Start, Completed, and for cells that are dates; map the time under [columns]",
    "visits": "none recognised; looked for names such as Event, visit, timepoint, and for endings such as _t1, _week4; add [visits] or [[wide]] if there are any",
    "questionnaires": "none recognised; looked for names such as phq9_1, gad7_q1, PHQ9.1, pain_total; name items or scores under [instruments.<id>]",
}


def lines_of(told: Told) -> list[str]:
    """The whole inspection."""
    lines = [line for one in told["files"] for line in [*_of_file(one), ""]]
    lines += [f"left out: {message}" for message in told["left_out"]]
    return lines + [f"problem: {message}" for message in told["problems"]]


def _of_file(one: Told) -> list[str]:
    more = f" (and {one['n_files'] - 1} more of its kind)" if one["n_files"] > 1 else ""
    lines = [f"{one['file']}{more}", f"format: {one['format']} ({one['why_format']})"]
    lines += [f"misnamed: {one['misnamed']}"] if one["misnamed"] else []
    lines += [f"{key}: {value}" for key, value in one["receipt"].items()]
    lines += [f"guessed {key}: {value}; check it" for key, value in one["guesses"].items()]
    if one["table"] is None:
        return [
            *lines,
            "table: none; no QuestionnaireResponse and no Observation was seen, and what was seen fills no table",
        ]
    return [*lines, *_of_columns(one), *_of_drafts(one["drafts"])]


def _of_columns(one: Told) -> list[str]:
    doubt = "" if one["is_table_recognised"] else " (not recognised: only the form of a draft)"
    tables = ", ".join(dict.fromkeys(draft["table"] for draft in one["drafts"]))
    times = "; ".join(f"{name} in {', '.join(group)}" for name, group in one["times"].items())
    lines = [
        f"table: {tables}{doubt}; {one['rows_seen']} rows seen",
        f"questionnaires: {'; '.join(one['questionnaires']) or _LOOKED_FOR['questionnaires']}",
        f"participant: {one['participant'] or _LOOKED_FOR['participant']}",
        f"times: {times or _LOOKED_FOR['times']}",
        f"visits: {one['visit'] or _LOOKED_FOR['visits']}",
    ]
    for name, columns in one["undecided"].items():
        lines.append(f"undecided: {name} may be {' or '.join(columns)}; map the one that is meant")
    for identifier in one["identifiers"]:
        lines.append(
            f"names people? {identifier['column']}: {identifier['kind']}, by {identifier['why']}"
        )
    if one["not_recognised"]:
        rest = len(one["not_recognised"]) - _SHOWN
        more = f" and {rest} more" if rest > 0 else ""
        lines.append(f"not read by a draft: {', '.join(one['not_recognised'][:_SHOWN])}{more}")
    return lines


def _of_drafts(drafts: list[Told]) -> list[str]:
    lines: list[str] = []
    for draft in drafts:
        lines += [
            "",
            f"# ---- {draft['folder']}/{draft['name']} (lines marked `check` need you) ----",
        ]
        if draft.get("asked"):
            told = "saved" if draft["written"] else "not saved: a mapping stands there already"
            lines.append(f"# ---- {told}")
        lines += draft["text"].splitlines()
    return lines
