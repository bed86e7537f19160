"""
What a measurement and the doubles it has started say to each other, one JSON object a line.
"""

from typing import Literal

import msgspec

AWAIT_S_MAX = 300.0


class Specification(msgspec.Struct, frozen=True, kw_only=True):
    """What a double shall be. With `watched` every third title was watched by everybody."""

    name: str
    people: list[str]
    films_count: int
    episodes_count: int = 0
    watched: bool = False


class Home(msgspec.Struct, frozen=True):
    """Where it is."""

    url: str
    api_key: str


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """
    `mark`: somebody ticks `count` films from `first` on. `await`: until there were `count` writes
    since the last `take`. `take`: all requests since the last.
    """

    do: Literal["mark", "await", "take"]
    first: int = 0
    count: int = 0
    timeout_s: float = AWAIT_S_MAX


class Marked(msgspec.Struct, frozen=True):
    """The bodies of the notifications that the plugin would have sent."""

    bodies: list[str]


class Awaited(msgspec.Struct, frozen=True):
    """Whether all writes came in time."""

    seen: bool


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request, and when it was answered by the machine's steady clock."""

    method: str
    path: str
    body: str
    authorization: str
    at_s: float

    @property
    def writes(self) -> bool:
        """Whether it meant to change something."""
        return self.method != "GET"


class Noted(msgspec.Struct, frozen=True):
    """What was asked."""

    requests: list[Request]
