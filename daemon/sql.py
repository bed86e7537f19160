"""
Named SQL statements out of .sql files, so that SQL is read, reviewed and plan-tested as SQL.
"""

import re
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


def load_queries(package: str, resource: str = "queries.sql") -> dict[str, str]:
    """The statements of a .sql file in a package, by the name in the comment above each."""
    parts = _NAME.split(load_script(package, resource))
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def load_script(package: str, resource: str) -> str:
    """The whole text of a .sql file in a package."""
    return files(package).joinpath(resource).read_text(encoding="utf-8")
