"""
On which line of a TOML file a key is set. `tomllib` does not say, and a person looking for a
mistake wants to know.
"""

import re

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(
    r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*="""
)


def line_of(text: str, key: str) -> int | None:
    """
    The number (from 1) of the line that sets a dotted key, or None when it cannot be told.

    Good for tables and dotted keys on lines of their own; a key inside an inline table is found by
    its table. `name[2]` is the second table written `[[name]]`, `name[2].key` what it sets.
    """
    section = ""
    counts: dict[str, int] = {}
    near: int | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header:
            section = _section(_bare(header[2]), counts, repeated=header[1] == "[[")
            if section == key or (near is None and _is_inside(section, key)):
                near = number
            continue
        assignment = _ASSIGNMENT.match(line)
        if assignment is None:
            continue
        full = ".".join(part for part in (section, _bare(assignment[1])) if part)
        if full == key:
            return number
        if _is_inside(key, full) or (near is None and _is_inside(full, key)):
            near = number
    return near


def _section(name: str, counts: dict[str, int], *, repeated: bool) -> str:
    """A table's name with the number of each repeated table on the way to it."""
    if repeated:
        counts[name] = counts.get(name, 0) + 1
    parts = name.split(".")
    numbered = [".".join(parts[: length + 1]) for length in range(len(parts))]
    return ".".join(
        f"{part}[{counts[path]}]" if path in counts else part
        for part, path in zip(parts, numbered, strict=True)
    )


def _is_inside(key: str, table: str) -> bool:
    return key.startswith((f"{table}.", f"{table}["))


def _bare(dotted: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in dotted.split("."))
