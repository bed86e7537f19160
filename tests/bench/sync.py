"""
What the measurements of sync have in common: how a webhook is sent, and when all is done.
"""

from collections.abc import Iterable
from time import monotonic, sleep
from typing import Any

import httpx

HEADERS = {"Content-Type": "text/plain; charset=utf-8", "User-Agent": "Jellyfin-Server/10.11.11"}
POLL_S = 0.1
SWEPT_S_MAX = 600.0


def at_rest(http: httpx.Client, servers: Iterable[str], *, after: int = 0) -> None:
    """Returns once every server was looked at after an event, and nothing is left to do."""
    deadline = monotonic() + SWEPT_S_MAX
    names = set(servers)
    while names - swept(http, after) or _left(http):
        if monotonic() > deadline:
            raise RuntimeError(f"The daemon was not done within {SWEPT_S_MAX:.0f} s.")
        sleep(POLL_S)


def swept(http: httpx.Client, after: int) -> set[str]:
    """The servers that were looked at completely, after an event."""
    return {event["data"]["server"] for event in events(http, "sweep.finished", after=after)}


def events(http: httpx.Client, kind: str, *, after: int = 0) -> list[dict[str, Any]]:
    """The first thousand events of a type after an event."""
    query: dict[str, str | int] = {"type": kind, "after": after, "limit": 1000}
    found: list[dict[str, Any]] = http.get("/api/events", params=query).json()["events"]
    return found


def _left(http: httpx.Client) -> int:
    queue = http.get("/webhook/queue").json()
    return int(queue["pending_events"]) + int(queue["unread_events"])
