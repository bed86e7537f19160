"""
A scene to begin a test with: one double, an administrator, two users, an API key, and clients.

When a scene ends, everything that went over the wire in it is compared with the published
description of the API, where that is at hand.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from support.clock import FakeClock
from support.jellyfin import conformance
from support.jellyfin.double import JellyfinDouble
from support.jellyfin.model import Item, User
from support.jellyfin.versions import TICKS_PER_SECOND, Version

TIMEOUT_S = 20.0
OK, NO_CONTENT = 200, 204


def authorization(token: str = "", **said: str) -> dict[str, str]:
    """The header that works on every version."""
    parts = {"Client": "Test", "Device": "Test device", "DeviceId": "test-device", "Version": "1.0"}
    parts |= {"Token": token} if token else {}
    pairs = ", ".join(f'{name}="{value}"' for name, value in (parts | said).items())
    return {"Authorization": f"MediaBrowser {pairs}"}


@dataclass
class Scene:
    """What a test of the double has at hand."""

    jellyfin: JellyfinDouble
    clock: FakeClock
    root: User
    mara: User
    ivo: User
    key: str
    stack: ExitStack
    ignored_parameters: set[str] = field(default_factory=set)
    """Query parameters that the description does not know and that the test sends on purpose."""
    judged: bool = True
    """Whether the wire is compared with the description; off where the quirk is a violation."""

    @functools.cached_property
    def admin(self) -> httpx.Client:
        """Requests with the API key."""
        return self.client(authorization(self.key))

    def user(self, user: User, device_id: str = "test-device") -> httpx.Client:
        """Requests with a token of that user."""
        return self.client(
            authorization(self.jellyfin.token_for(user, device_id), DeviceId=device_id)
        )

    def client(self, headers: dict[str, str]) -> httpx.Client:
        """Requests with these headers."""
        client = httpx.Client(
            base_url=self.jellyfin.url,
            headers=headers,
            timeout=TIMEOUT_S,
            verify=False,  # there is no TLS on loopback, and reading the CAs takes 80 ms
        )
        return self.stack.enter_context(client)

    def film(self, name: str = "Harbour", **fields: Any) -> Item:
        """A film of 100 minutes with two provider ids."""
        number = len(self.jellyfin.library.items)
        fields.setdefault("providers", {"Imdb": f"tt{number:07d}", "Tmdb": f"{number + 7000}"})
        return self.jellyfin.library.add_movie(name, **fields)


@contextmanager
def scene(version: Version, **options: Any) -> Iterator[Scene]:
    """The scene, on a clock that stands still."""
    clock = FakeClock()
    with ExitStack() as stack:
        jellyfin = stack.enter_context(JellyfinDouble(version, clock=clock, **options))
        set_up = Scene(
            jellyfin,
            clock,
            root=jellyfin.add_user("root", "admin", admin=True),
            mara=jellyfin.add_user("mara", "secret"),
            ivo=jellyfin.add_user("ivo"),
            key=jellyfin.add_api_key(),
            stack=stack,
        )
        yield set_up
        if set_up.judged:
            problems = conformance.violations(jellyfin, frozenset(set_up.ignored_parameters))
            assert not problems, "\n".join(problems)


def post(set_up: Scene, item: Item, **fields: Any) -> httpx.Response:
    """POST UserData for mara; the answer."""
    return set_up.admin.post(
        f"/UserItems/{item.id}/UserData", params={"userId": set_up.mara.id}, json=fields
    )


def read(set_up: Scene, item: Item) -> Any:
    """GET UserData for mara."""
    answer = set_up.admin.get(f"/UserItems/{item.id}/UserData", params={"userId": set_up.mara.id})
    assert answer.status_code == OK, answer.text
    return answer.json()


def mark(set_up: Scene, item: Item, method: str = "POST", **query: str) -> Any:
    """UserPlayedItems for mara; the new user data."""
    answer = set_up.admin.request(
        method, f"/UserPlayedItems/{item.id}", params={"userId": set_up.mara.id} | query
    )
    assert answer.status_code == OK, answer.text
    return answer.json()


def report(
    client: httpx.Client, item: Item, what: str = "", at_s: float | None = None, **fields: Any
) -> None:
    """Sessions/Playing and its kin."""
    body = {"ItemId": item.id} | fields
    if at_s is not None:
        body["PositionTicks"] = int(at_s * TICKS_PER_SECOND)
    answer = client.post(f"/Sessions/Playing{what}", json=body)
    assert answer.status_code == NO_CONTENT, answer.text
