"""Where a key stands in a TOML file, which the parser does not tell: messages name file, line and key."""

import re


def find_key_line(text: str, keys: "tuple[str, ...] | list[str]") -> int:
    """The line on which the deepest findable part of a dotted key stands; 1 where none does."""
    table, best, depth = "", 1, 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line):
            table = header[1].replace('"', "")
            found = table.split(".")
        elif key := re.match(r'\s*(?:"([^"]+)"|([\w.-]+))\s*=', line):
            found = [
                *(table.split(".") if table else []),
                *([key[1]] if key[1] else key[2].split(".")),
            ]
        else:
            continue
        shared = next(
            (i for i, (a, b) in enumerate(zip(found, keys, strict=False)) if a != b),
            min(len(found), len(keys)),
        )
        if shared == len(found) and shared > depth:
            best, depth = number, shared
    return best
