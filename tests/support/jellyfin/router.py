"""Finds the handler of a request. Paths are matched without regard to case."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from support.jellyfin.call import Call
from support.jellyfin.state import State


@dataclass(frozen=True)
class Answer:
    """What goes back; `body` becomes JSON without null members."""

    status: int = 200
    body: Any = None
    text: str | None = None


NO_CONTENT = Answer(204)

Handler = Callable[[State, Call], Answer]


@dataclass(frozen=True)
class Route:
    """A method and a path template with its handler; `open` needs no token."""

    method: str
    template: str
    handler: Handler
    open: bool = False
    legacy: bool = False


class Router:
    """All routes, fixed words before placeholders."""

    def __init__(self, routes: Iterable[Route]) -> None:
        ordered = sorted(routes, key=lambda route: "{" in route.template)
        self._patterns = [(_pattern(route.template), route) for route in ordered]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and the values in the path."""
        for pattern, route in self._patterns:
            match = pattern.fullmatch(path.rstrip("/") or "/")
            if match and route.method == method:
                return route, match.groupdict()
        return None

    def knows(self, path: str) -> bool:
        """Whether any method is known here: otherwise 404, else 405."""
        return any(pattern.fullmatch(path.rstrip("/")) for pattern, _ in self._patterns)


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    words = [
        f"(?P<{part}>[^/]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts)
    ]
    return re.compile("".join(words), re.IGNORECASE)
