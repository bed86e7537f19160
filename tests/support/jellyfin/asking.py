"""Our own client in front of the double."""

from __future__ import annotations

from typing import Any

from adapters.jellyfin.client import JellyfinClient
from support.jellyfin.model import User
from support.jellyfin.scene import Scene

SERVER = "attic"
DEVICE_ID = "playhead-attic"


def asking(set_up: Scene, **options: Any) -> JellyfinClient:
    """A client with the scene's API key, at a pace that no test notices."""
    known: dict[str, Any] = {"server": SERVER, "device_id": DEVICE_ID, "requests_per_s": 1_000}
    return JellyfinClient(set_up.jellyfin.url, set_up.key, **(known | options))


async def speaking_as(client: JellyfinClient, user: User) -> JellyfinClient:
    """The client with a token of that user, gained as the daemon gains it."""
    device_id = f"{DEVICE_ID}-{user.name}"
    return client.as_user(await client.mint_token(user.id, device_id), device_id)
