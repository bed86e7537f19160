"""
One request as a handler sees it, and how a server this lenient reads parameters.

Names of query parameters, paths and body properties are matched without regard to case; lists are
comma-separated or repeated; identifiers may have dashes; numbers may be strings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from support.jellyfin.dates import NetDate, parse_date
from support.jellyfin.model import Session, Token, User
from support.jellyfin.refusals import Refused, bad_argument
from support.jellyfin.wire import guid

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Caller:
    """Who asks: a user on a device, an API key, or nobody."""

    token: Token | None
    user: User | None
    device: dict[str, str]

    @property
    def is_api_key(self) -> bool:
        """A key has every right and no user."""
        return self.token is not None and self.token.user_id is None

    @property
    def is_admin(self) -> bool:
        """May do what administrators may."""
        return self.is_api_key or bool(self.user and self.user.admin)


@dataclass
class Call:
    """A request, routed."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    raw_body: bytes
    caller: Caller
    path_values: dict[str, str] = field(default_factory=dict)
    offset_minutes: int = 0
    session: Session | None = None

    def text(self, name: str) -> str | None:
        """A parameter, from the path or the query; an empty one counts as none."""
        if name in self.path_values:
            return self.path_values[name]
        wanted = name.lower()
        return next((value for key, value in self.query if key.lower() == wanted and value), None)

    def words(self, name: str) -> list[str]:
        """A list, in lower case."""
        return [word.lower() for word in self.listed(name)]

    def listed(self, name: str) -> list[str]:
        """A list as it was written."""
        values = [value for key, value in self.query if key.lower() == name.lower()]
        return [word for value in values for word in value.split(",") if word]

    def guids(self, name: str) -> list[str]:
        """A list of identifiers; what is none is left out, as the list binder does."""
        found = []
        for word in self.listed(name):
            try:
                found.append(guid(word))
            except ValueError:
                continue
        return found

    def guid(self, name: str) -> str | None:
        """An identifier."""
        value = self.text(name)
        try:
            return None if value is None else guid(value)
        except ValueError:
            raise bad_argument(name, value) from None

    def need_guid(self, name: str) -> str:
        """An identifier that must be there."""
        found = self.guid(name)
        if found is None:
            raise bad_argument(name, "")
        return found

    def integer(self, name: str) -> int | None:
        """A number."""
        value = self.text(name)
        try:
            return None if value is None else int(value)
        except ValueError:
            raise bad_argument(name, value) from None

    def flag(self, name: str) -> bool | None:
        """True or false, whatever the case."""
        value = self.text(name)
        if value is None:
            return None
        if value.lower() not in {"true", "false"}:
            raise bad_argument(name, value)
        return value.lower() == "true"

    def date(self, name: str) -> NetDate | None:
        """A moment; one without zone is the server's own time."""
        value = self.text(name)
        try:
            return None if value is None else parse_date(value, self.offset_minutes)
        except ValueError:
            raise bad_argument(name, value) from None

    def body(self) -> Body:
        """The JSON object in the body; anything else, and any other content type, is refused."""
        if "json" not in self.headers.get("Content-Type", ""):
            raise Refused(415)
        try:
            value = json.loads(self.raw_body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise bad_argument("$", "")
        return Body(value, self.offset_minutes)


class Body:
    """A JSON object read without regard to the case of its keys; null is the same as absent."""

    def __init__(self, value: JsonObject, offset_minutes: int) -> None:
        self._values = {key.lower(): member for key, member in value.items() if member is not None}
        self._offset_minutes = offset_minutes

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def get(self, name: str) -> Any:
        """The member as it is, or None."""
        return self._values.get(name.lower())

    def text(self, name: str) -> str | None:
        """A string."""
        found: str | None = self._typed(name, str)
        return found

    def flag(self, name: str) -> bool | None:
        """True or false."""
        found: bool | None = self._typed(name, bool)
        return found

    def integer(self, name: str) -> int | None:
        """A number; a string of digits will do, an empty string is none."""
        value = self.get(name)
        try:
            if value is None or value == "":
                return None
            fraction = isinstance(value, float) and not value.is_integer()
            if isinstance(value, bool) or fraction:
                raise ValueError(value)  # noqa: TRY301 - refused like any other text
            return int(value)
        except (TypeError, ValueError):
            raise bad_argument(f"$.{name}", value) from None

    def number(self, name: str) -> float | None:
        """A number with a fraction."""
        value = self.get(name)
        try:
            return None if value is None or value == "" else float(value)
        except (TypeError, ValueError):
            raise bad_argument(f"$.{name}", value) from None

    def guid(self, name: str) -> str | None:
        """An identifier."""
        value = self.text(name)
        try:
            return guid(value) if value else None
        except ValueError:
            raise bad_argument(f"$.{name}", value) from None

    def guids(self, name: str) -> list[str] | None:
        """A list of identifiers, or None when it is not there."""
        values = self._typed(name, list)
        try:
            return None if values is None else [guid(str(value)) for value in values]
        except ValueError:
            raise bad_argument(f"$.{name}", values) from None

    def date(self, name: str) -> NetDate | None:
        """A moment."""
        value = self.text(name)
        try:
            return parse_date(value, self._offset_minutes) if value else None
        except ValueError:
            raise bad_argument(f"$.{name}", value) from None

    def _typed(self, name: str, kind: type) -> Any:
        value = self.get(name)
        if value is not None and not isinstance(value, kind):
            raise bad_argument(f"$.{name}", value)
        return value


def need_admin(call: Call) -> None:
    """Refuses whoever is no administrator."""
    if not call.caller.is_admin:
        raise Refused(403)
