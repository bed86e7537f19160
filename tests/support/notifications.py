"""Bodies as the webhook plugin sends them, and the configuration of servers that send them."""

import json
from collections.abc import Iterable
from typing import Any

MARA = "8f0cb1d27a634ee0b1c95d3e6a7f9012"
FILM = "3b9e1f60c2d74a58b7e4a1d09c6f2233"
SENT_AT = "2026-11-20T20:15:30.1234979Z"


def fields(kind: str = "UserDataSaved", **others: Any) -> dict[str, Any]:
    """The fields of a notification: mara has watched a film."""
    values: dict[str, Any] = {
        "ServerId": "5d2f7c1be0a94b6f9a3c8e7d10f4b256",
        "NotificationType": kind,
        "UtcTimestamp": SENT_AT,
        "Name": "Harbour",
        "ItemId": FILM,
        "ItemType": "Movie",
        "Likes": False,
        "Rating": 0,
        "PlaybackPositionTicks": 0,
        "PlayCount": 1,
        "Favorite": False,
        "Played": True,
        "AudioStreamIndex": 1,
        "SubtitleStreamIndex": -1,
        "LastPlayedDate": "2026-11-20T20:15:29.9871230Z",
        "SaveReason": "TogglePlayed",
        "NotificationUsername": "mara",
        "UserId": MARA,
    }
    return values | others


def notification(kind: str = "UserDataSaved", **others: Any) -> bytes:
    """The body of a notification."""
    return json.dumps(fields(kind, **others)).encode()


def silent_servers(names: Iterable[str], **options: str) -> str:
    """TOML for servers at an address where nobody answers."""
    more = "".join(f'{name} = "{value}"\n' for name, value in options.items())
    return "".join(
        f'[[jellyfin]]\nname = "{name}"\nurl = "http://127.0.0.1:9"\napi_key = "k"\n{more}'
        for name in names
    )
