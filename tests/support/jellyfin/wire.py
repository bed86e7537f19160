"""
JSON as System.Text.Json writes it with its default encoder, byte for byte.

Only printable ASCII leaves unescaped, quotes and angle brackets do not; identifiers are 32
hexadecimal digits; the keys keep their order.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence

from support.jellyfin.dates import NetDate

TICKS_PER_SECOND = 10_000_000

_NEEDS_ESCAPE = re.compile(r"[^\x20-\x7e]|[\"&'+<>\\`]")
_SHORT = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_GUID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

NO_GUID = "0" * 32


def dumps(value: object, offset_minutes: int = 0) -> str:
    """The text; dates are printed for a server that far from UTC. None is written as null."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, str):
        return f'"{_NEEDS_ESCAPE.sub(_escape, value)}"'
    if isinstance(value, NetDate):
        return f'"{value.text(offset_minutes)}"'
    return _container(value, offset_minutes)


def _container(value: object, offset_minutes: int) -> str:
    if isinstance(value, Mapping):
        members = (
            f"{dumps(str(key))}:{dumps(member, offset_minutes)}" for key, member in value.items()
        )
        return "{" + ",".join(members) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join(dumps(member, offset_minutes) for member in value) + "]"
    raise TypeError(f"not for JSON: {value!r}")


def without_nulls(value: object) -> object:
    """The value as an answer of the API shows it: members that are null are left out."""
    if isinstance(value, Mapping):
        return {key: without_nulls(member) for key, member in value.items() if member is not None}
    if isinstance(value, list | tuple):
        return [without_nulls(member) for member in value]
    return value


def guid(text: str) -> str:
    """32 lower-case digits out of either spelling. Raises ValueError."""
    if not _GUID.fullmatch(text):
        raise ValueError(f"not an identifier: {text!r}")
    return text.replace("-", "").lower()


def dashed(identifier: str) -> str:
    """The spelling with dashes."""
    return str(uuid.UUID(identifier))


def time_span(ticks: int) -> str:
    """`hh:mm:ss`; whole days are dropped, as the server drops them."""
    seconds = ticks // TICKS_PER_SECOND
    return f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)  # 25, not 25.0


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    if character in _SHORT:
        return _SHORT[character]
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02X}{units[i + 1]:02X}" for i in range(0, len(units), 2))
