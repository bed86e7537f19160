"""
The settings as a TOML file with every key, its meaning and its default; also what is in force.
"""

from collections.abc import Iterator, Mapping
from inspect import cleandoc
from textwrap import wrap
from typing import Any

import msgspec

from daemon.config.load import Loaded, environment_name
from daemon.config.settings import SECRET_KEYS, SECTIONS, Settings

TEXT_COLUMNS = 97


def example() -> str:
    """A file that sets nothing: every key stands in it as a comment, at its default."""
    lines = [
        "# Settings of Playhead. Everything has a default; remove the # before what you change.",
        "# Each key may also be set in the environment, by the name in brackets.",
        "",
        *_key_lines("", Settings),
    ]
    for name, section in SECTIONS.items():
        lines += ["", *_comment(cleandoc(section.__doc__ or "")), f"[{name}]"]
        lines += _key_lines(name, section)
    return "\n".join(lines) + "\n"


def shown(loaded: Loaded) -> str:
    """The settings in force as TOML, each with where it was set; secrets are masked."""
    lines: list[str] = []
    for section in ("", *SECTIONS):
        if section:
            lines += ["", f"[{section}]"]
        values: Any = getattr(loaded.settings, section) if section else loaded.settings
        for name in values.__struct_fields__:
            if not section and name in SECTIONS:
                continue
            key = f"{section}.{name}" if section else name
            value = getattr(values, name)
            text = '"********"' if key in SECRET_KEYS and value else toml_value(value)
            origin = loaded.origins.get(key)
            lines.append(f"{name} = {text}" + (f"  # from {origin.text}" if origin else ""))
    return "\n".join(lines) + "\n"


def toml_value(value: Any) -> str:
    """A setting's value as TOML writes it; JSON's strings, numbers and lists are TOML's too."""
    return msgspec.json.encode(value).decode()


def descriptions() -> Mapping[str, str]:
    """The meaning of each key."""
    found: dict[str, str] = {}
    sections: list[tuple[str, type[msgspec.Struct]]] = [("", Settings), *SECTIONS.items()]
    for section, kind in sections:
        for name, text, _ in _fields(kind):
            found[f"{section}.{name}" if section else name] = text
    return found


def _fields(kind: type[msgspec.Struct]) -> Iterator[tuple[str, str, Any]]:
    (_,), components = msgspec.json.schema_components([kind])
    properties = components[kind.__name__]["properties"]
    defaults: Any = kind()
    for name in kind.__struct_fields__:
        if name not in SECTIONS or kind is not Settings:
            yield name, properties[name]["description"], getattr(defaults, name)


def _key_lines(section: str, kind: type[msgspec.Struct]) -> list[str]:
    lines: list[str] = []
    for name, text, default in _fields(kind):
        key = f"{section}.{name}" if section else name
        lines += ["", *_comment(f"{text} ({environment_name(key)})")]
        lines.append(f"# {name} = {toml_value(default)}")
    return lines[1:]


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(" ".join(text.split()), TEXT_COLUMNS)]
