"""
On which line of a TOML file a key is set. `tomllib` does not say, and a person looking for a
mistake wants to know.
"""

import re

_HEADER = re.compile(r"^\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(
    r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*="""
)


def line_of(text: str, key: str) -> int | None:
    """
    The number (from 1) of the line that sets a dotted key, or None when it cannot be told.

    Good for tables and dotted keys on lines of their own; a key inside an inline table is found by
    its table.
    """
    section = ""
    inline: int | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header:
            section = _bare(header[1])
            if section == key:
                inline = number
            continue
        assignment = _ASSIGNMENT.match(line)
        if assignment is None:
            continue
        full = ".".join(part for part in (section, _bare(assignment[1])) if part)
        if full == key:
            return number
        if key.startswith(f"{full}."):
            inline = number
    return inline


def _bare(dotted: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in dotted.split("."))
