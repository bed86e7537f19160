"""
From gathered values to typed settings, key by key, so that every wrong value is reported and none
hides another.
"""

from collections import defaultdict
from typing import Any, get_origin

import msgspec

from daemon.config.gathering import Gathering
from daemon.config.keys import bare_type, field_type, general
from daemon.config.settings import ARRAYS, SECTIONS, Settings


def converted(gathering: Gathering) -> Settings:
    """
    The settings that the values make.

    A key that was refused, or is missing though it must be there, has a stand-in: whoever finds
    problems in the gathering afterwards must not use the settings.
    """
    parts: dict[str, dict[str, Any]] = defaultdict(dict)
    for key, value in gathering.values.items():
        section, _, name = key.rpartition(".")
        try:
            parts[section][name] = _typed(key, value)
        except msgspec.DecodeError as error:
            gathering.refuse(key, _plain(error))
    made: dict[str, Any] = {name: kind(**parts[name]) for name, kind in SECTIONS.items()}
    for array, kind in ARRAYS.items():
        made[array] = tuple(
            kind(**parts[section], **_stand_ins(gathering, section, kind, given=parts[section]))
            for section in gathering.sections_of(array)
        )
    return Settings(**parts[""], **made)


def _typed(key: str, value: Any) -> Any:
    kind = field_type(key)
    typed = msgspec.convert(_parsed(value, kind), kind, strict=not isinstance(value, str))
    # Addresses are told apart by what is in them, not by how they end.
    return typed.rstrip("/") if general(key) == "jellyfin[].url" else typed


def _parsed(value: Any, kind: Any) -> Any:
    """In the environment a list is written with commas, a table as JSON."""
    shape = get_origin(bare_type(kind))
    if isinstance(value, str) and shape is tuple:
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, str) and shape is dict:
        return msgspec.json.decode(value) if value.strip() else {}
    return value


def _plain(error: msgspec.DecodeError) -> str:
    if not isinstance(error, msgspec.ValidationError):
        return 'must be JSON such as {"/from": "/to"}'
    return str(error).replace("`", "").partition(" - at ")[0]


def _stand_ins(
    gathering: Gathering, section: str, kind: type[msgspec.Struct], *, given: dict[str, Any]
) -> dict[str, Any]:
    """Values for what must be set and is not, each told of as missing."""
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        key = f"{section}.{field.name}"
        if field.required and field.name not in given:
            found[field.name] = bare_type(field.type)()
            if key not in gathering.refused:
                gathering.refuse(key, "is missing")
    return found
