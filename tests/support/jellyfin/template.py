"""
The little of Handlebars that webhook templates need: `{{x}}`, `{{{x}}}` and `{{json_encode x}}`.

Names are looked up without regard to case, a missing one is empty, and booleans and identifiers
look as .NET prints them. `{{x}}` escapes for HTML, `{{{x}}}` escapes nothing: both break JSON.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from support.jellyfin.dates import NetDate
from support.jellyfin.wire import dashed, dumps

GUIDS = frozenset({"itemid", "userid", "seriesid", "seasonid"})

_PLACE = re.compile(r"\{\{\{\s*(\w+)\s*\}\}\}|\{\{\s*(json_encode\s+)?(\w+)\s*\}\}")


def render(template: str, data: Mapping[str, object], offset_minutes: int) -> str:
    """The template with the values in it."""
    values = {key.lower(): value for key, value in data.items()}

    def fill(match: re.Match[str]) -> str:
        raw, encode, name = match.groups()
        key = (raw or name).lower()
        value = values.get(key)
        if encode:
            return dumps(value, offset_minutes)
        text = _shown(key, value, offset_minutes)
        return text if raw else html.escape(text).replace("&#x27;", "&#39;")

    return _PLACE.sub(fill, template)


def _shown(key: str, value: object, offset_minutes: int) -> str:
    if value is None:
        return ""
    if isinstance(value, NetDate):
        text = value.text(offset_minutes)
        return f"{text[5:7]}/{text[8:10]}/{text[:4]} {text[11:19]}"
    if key in GUIDS and isinstance(value, str):
        return dashed(value)
    return dumps(value).strip() if isinstance(value, float) else str(value)
