"""
The names of settings: dotted keys, their types, and what they are called in the environment.

A key of a table that may be given several times has three forms: `jellyfin[].url` is the setting
as such, `jellyfin[2].url` the one in the second table, counted from 1, and `jellyfin[attic].url`
is how people are told of it.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, get_args, get_origin

from msgspec import Struct
from msgspec.structs import fields

from daemon.config.settings import ARRAY_LABELS, ARRAYS, SECTIONS, Settings

ENVIRONMENT_PREFIX = "PLAYHEAD_"

LABEL_CHARACTERS_MAX = 200
"""A longer label would bury the sentence it stands in."""

_NUMBER = re.compile(r"\[\d+\]")
_NOT_IN_A_VARIABLE = re.compile(r"[^A-Z0-9]")


def all_keys() -> list[str]:
    """Every setting that is there once, as a dotted key, in the order of the reference."""
    keys = [name for name in Settings.__struct_fields__ if name not in SECTIONS | ARRAYS]
    for section, kind in SECTIONS.items():
        keys += [f"{section}.{name}" for name in kind.__struct_fields__]
    return keys


def array_keys(array: str) -> list[str]:
    """Every setting of a table that may be given several times, as `array[].key`."""
    return [f"{array}[].{name}" for name in ARRAYS[array].__struct_fields__]


def general(key: str) -> str:
    """The setting as such, whichever table it stands in."""
    return _NUMBER.sub("[]", key)


def shown_table(array: str, number: int, values: Mapping[str, Any]) -> str:
    """A table as people are told of it: by its label, or by its number if that is none."""
    label = values.get(ARRAY_LABELS[array])
    fit = isinstance(label, str) and label.isprintable() and len(label) <= LABEL_CHARACTERS_MAX
    return f"{array}[{label if label and fit else number}]"


def environment_name(key: str) -> str:
    """The environment variable that sets a key."""
    return ENVIRONMENT_PREFIX + key.replace(".", "_").upper()


def environment_name_in(array: str, label: str, name: str) -> str:
    """The environment variable that sets a secret of the table with that label."""
    words = _NOT_IN_A_VARIABLE.sub("_", label.upper())
    return f"{ENVIRONMENT_PREFIX}{array.upper()}_{words}_{name.upper()}"


def credential_name_in(array: str, label: str, name: str) -> str:
    """The systemd credential that sets a secret of the table with that label."""
    return f"playhead.{array}.{label}.{name}"


def kind_of(section: str) -> type[Struct]:
    """The struct that describes a section; the empty name means the top of the file."""
    if section.endswith("]"):
        return ARRAYS[section.partition("[")[0]]
    return SECTIONS[section] if section else Settings


def field_type(key: str) -> Any:
    """The declared type of a setting."""
    section, _, name = key.rpartition(".")
    return next(field.type for field in fields(kind_of(section)) if field.name == name)


def bare_type(kind: Any) -> Any:
    """A declared type without its limits and description."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence that suggests the nearest known name, if one is near."""
    found = get_close_matches(name, list(known), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""
