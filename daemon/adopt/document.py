"""
Our settings as a TOML file that says of each where it came from.

Whatever stems from the ancestor's file is made harmless before it stands in a comment.
"""

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

import msgspec

from daemon.adopt.outcome import Adoption, Notes, Source
from daemon.config.example import TEXT_COLUMNS, toml_value
from daemon.config.settings import ARRAYS, SECTIONS
from projections.wording import printable


def document(adoption: Adoption, *, made_from: str, file: str) -> str:
    """The whole file. `made_from` is what it was made from, `file` what it will be called."""
    notes, settings = adoption.notes, adoption.settings
    lines = [
        *_comment(f"Settings of Playhead in place of {adoption.origin}'s, made from {made_from}."),
        *_comment(f"Check them: playhead config check --config {file}"),
        *_comment("All there is, with its meaning: playhead config example"),
        *_listed("Left to do by hand:", notes.to_do),
        "",
    ]
    lines += _assignments(settings, "", notes, only=("data",))
    for name in SECTIONS:
        inner = _assignments(getattr(settings, name), name, notes)
        lines += ["", f"[{name}]", *inner] if inner else []
    for name in ARRAYS:
        for number, table in enumerate(getattr(settings, name), start=1):
            inner = _assignments(table, f"{name}[{number}]", notes)
            lines += ["", f"[[{name}]]", *inner]
    lines += _listed(
        f"Of {adoption.origin} without a counterpart:",
        [f"{left.key}: {left.because}." for left in notes.left],
    )
    lines += _listed(
        f"Neither {adoption.origin} nor Playhead knows these (misspelt?):", notes.unknown
    )
    return "\n".join(lines) + "\n"


def _assignments(
    table: msgspec.Struct, section: str, notes: Notes, only: tuple[str, ...] = ()
) -> list[str]:
    """What is not at its default, and what the ancestor's file spoke of."""
    lines: list[str] = []
    for field in msgspec.structs.fields(table):
        value = getattr(table, field.name)
        key = f"{section}.{field.name}" if section else field.name
        sources = notes.sources.get(key, [])
        if (only and field.name not in only) or (value == _default(field) and not sources):
            continue
        if key in notes.secrets:
            continue  # it is in a file, or nowhere
        lines += [*_origin(sources), f"{field.name} = {toml_value(value)}"]
    return lines


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _origin(sources: list[Source]) -> Iterator[str]:
    keys = ", ".join(source.key for source in sources if source.key)
    remarks = "; ".join(dict.fromkeys(source.remark for source in sources if source.remark))
    if keys or remarks:
        yield from _comment(": ".join(part for part in (keys, remarks) if part))


def _listed(heading: str, entries: list[str]) -> list[str]:
    if not entries:
        return []
    lines = ["", *_comment(heading)]
    for entry in entries:
        first, *rest = _wrapped(entry, TEXT_COLUMNS - 2)
        lines += [f"# - {first}", *(f"#   {line}" for line in rest)]
    return lines


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in _wrapped(text, TEXT_COLUMNS)]


def _wrapped(text: str, columns: int) -> list[str]:
    return wrap(printable(text), columns, break_on_hyphens=False) or [""]
