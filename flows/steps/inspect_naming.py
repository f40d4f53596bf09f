"""What each draft is called, and where it is saved: beside its exports, and only where no mapping stands yet."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

Told = dict[str, Any]


def name_drafts(files: list[Told]) -> None:
    """Give every draft its `name` and `folder`: `source.toml` where it is the folder's only one, else by file or table."""
    by_folder: dict[str, list[tuple[Told, Told]]] = defaultdict(list)
    for one in files:
        for draft in one["drafts"]:
            by_folder[one["folder"]].append((one, draft))
    for folder, drafts in by_folder.items():
        names = [_name(one, draft, drafts) for one, draft in drafts]
        for number, (_, draft) in enumerate(drafts):
            n_before = names[:number].count(names[number])
            stem = names[number] + (f"_{n_before + 1}" if n_before else "")
            draft["name"] = "source.toml" if len(drafts) == 1 else f"{stem}.source.toml"
            draft |= {"folder": folder, "written": False}


def _name(one: Told, draft: Told, drafts: list[tuple[Told, Told]]) -> str:
    """The table, where one kind of file feeds several; else the file's name without its figures."""
    kinds = {other["file"] for other, _ in drafts}
    stem = re.sub(r"[^A-Za-z]+", "_", Path(one["file"]).stem).strip("_").lower() or "export"
    if len(kinds) == 1:
        return str(draft["table"])
    return f"{stem}_{draft['table']}" if len(one["drafts"]) > 1 else stem


def write_drafts(files: list[Told]) -> None:
    """Save the drafts of every folder that holds no mapping; nothing is ever overwritten."""
    folders = {draft["folder"] for one in files for draft in one["drafts"]}
    mapped = {folder for folder in folders if _holds_mapping(Path(folder))}
    for draft in (draft for one in files for draft in one["drafts"]):
        if draft["folder"] not in mapped:
            with Path(draft["folder"], draft["name"]).open("x", encoding="utf-8") as file:
                file.write(draft["text"])
        draft["written"] = draft["folder"] not in mapped
        draft["asked"] = True


def _holds_mapping(folder: Path) -> bool:
    return any(folder.glob("*source.toml"))
