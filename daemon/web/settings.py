"""
The settings in force, as the daemon read them; secrets are masked.
"""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from daemon.config import Settings
from daemon.config.example import described, toml_value
from daemon.config.settings import ARRAY_LABELS, ARRAYS, SECRET_KEYS, SECTIONS
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.services import Services

MASK = '"********"'


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """
    A setting: its key, its value as TOML writes it, the default, and what it means. `is_default`:
    nobody has changed it.
    """

    key: str
    value: str
    default: str
    meaning: str
    is_default: bool


class SettingsShown(msgspec.Struct, frozen=True, kw_only=True):
    """All settings."""

    settings: list[Setting]


async def show_settings(services: Services, request: Request) -> Response:
    """Shows every setting in force."""
    require(request, "admin")
    settings = services.settings
    found = _of("", "", Settings, settings)
    for name, kind in SECTIONS.items():
        found += _of(name, name, kind, getattr(settings, name))
    for array, kind in ARRAYS.items():
        for table in getattr(settings, array):
            label = getattr(table, ARRAY_LABELS[array])
            found += _of(f"{array}[]", f"{array}[{label}]", kind, table)
    return json_response(SettingsShown(settings=found))


def _of(section: str, shown: str, kind: type[msgspec.Struct], values: Any) -> list[Setting]:
    return [
        _setting(
            f"{shown}.{each.name}" if shown else each.name,
            toml_value(getattr(values, each.name)),
            default=each.default,
            meaning=each.meaning,
            is_secret=each.key in SECRET_KEYS and bool(getattr(values, each.name)),
        )
        for each in described(section, kind)
    ]


def _setting(key: str, value: str, *, default: str, meaning: str, is_secret: bool) -> Setting:
    return Setting(
        key=key,
        value=MASK if is_secret else value,
        default=default,
        meaning=meaning,
        is_default=value == default,
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/settings",
        handler=show_settings,
        summary="The settings in force",
        tag="status",
        scope="admin",
        answer=SettingsShown,
    ),
)
