"""
The webhook plugin: which destination gets a notification, what its request is, and its fate.

The plugin sends each notification once and forgets it: no retry, no queue, no signature. Here a
test decides the fate of each request: sent, lost, sent twice, or held back and released later in
any order. `sent` keeps what left the house.
"""

from __future__ import annotations

import base64
import json
import threading
import urllib.parse
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from support.jellyfin.template import render
from support.jellyfin.wire import dumps, guid

PLUGIN_ID = "71552a5a5c5c4350a2aeebe451a30173"
TIMEOUT_S = 100.0
SETTLE_S = 5.0

ITEM_TICKS = {
    "Movie": "EnableMovies",
    "Episode": "EnableEpisodes",
    "Series": "EnableSeries",
    "Season": "EnableSeasons",
    "MusicAlbum": "EnableAlbums",
    "Audio": "EnableSongs",
    "Video": "EnableVideos",
}
OPTION_LISTS = (
    "DiscordOptions",
    "GenericOptions",
    "GenericFormOptions",
    "GotifyOptions",
    "PushbulletOptions",
    "PushoverOptions",
    "SlackOptions",
    "SmtpOptions",
    "MqttOptions",
)
SYNC_TYPES = (
    "UserDataSaved",
    "PlaybackStart",
    "PlaybackStop",
    "ItemAdded",
    "ItemDeleted",
    "UserCreated",
    "UserDeleted",
    "UserUpdated",
)


class Fate(Enum):
    """What becomes of one request."""

    SEND = auto()
    LOSE = auto()
    TWICE = auto()
    HOLD = auto()


@dataclass
class Delivery:
    """One request to one destination; `outcome` is its status, 0 if nobody answered."""

    type: str
    url: str
    headers: dict[str, str]
    body: bytes
    outcome: Future[int] = field(default_factory=Future)

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


class Webhooks:
    """The plugin's configuration and its outgoing requests."""

    def __init__(self, server_number: str, offset_minutes: int) -> None:
        self._agent = f"Jellyfin-Server/{server_number}"
        self._offset_minutes = offset_minutes
        self.installed = True
        self.timeout_s = TIMEOUT_S
        self.configuration: dict[str, Any] = {"ServerUrl": ""} | {name: [] for name in OPTION_LISTS}
        self.fates: deque[Fate] = deque()
        self.fate = Fate.SEND
        self.held: list[Delivery] = []
        self.sent: list[Delivery] = []
        self.errors: list[str] = []
        self.awaited: list[Delivery] = []
        self._queue: deque[Delivery] = deque()
        self._open = 0
        self._changed = threading.Condition()
        self.wake: Callable[[], None] = lambda: None

    def add_destination(
        self,
        url: str,
        *,
        types: Iterable[str] = SYNC_TYPES,
        form: bool = False,
        template: str | None = None,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        """A Generic destination for all kinds of items, with all properties or a template."""
        option: dict[str, Any] = {
            "WebhookName": "",
            "WebhookUri": url,
            "NotificationTypes": list(types),
            "EnableWebhook": True,
            "SendAllProperties": template is None,
            "Template": base64.b64encode((template or "").encode()).decode(),
            "TrimWhitespace": False,
            "SkipEmptyMessageBody": False,
            "UserFilter": [],
            "Headers": [{"Key": key, "Value": value} for key, value in (headers or {}).items()],
            "Fields": [],
        }
        option |= dict.fromkeys(ITEM_TICKS.values(), True) | options
        self.configuration["GenericFormOptions" if form else "GenericOptions"].append(option)
        return option

    def notify(
        self, kind: str, data: dict[str, object], *, item_kind: str | None, awaited: bool
    ) -> None:
        """Queues a request for every destination that wants this. They share the dictionary."""
        if not self.installed:
            return
        for name in ("GenericOptions", "GenericFormOptions"):
            for option in self.configuration.get(name) or ():
                if _wanted(option, kind, item_kind, data):
                    delivery = self._request(option, kind, data, form=name == "GenericFormOptions")
                    if delivery is not None and self._decide(delivery) and awaited:
                        self.awaited.append(delivery)
        self.wake()

    def take_awaited(self) -> list[Delivery]:
        """The requests which the player's own request waits for."""
        taken, self.awaited = self.awaited, []
        return taken

    def release(self, order: Callable[[list[Delivery]], Iterable[Delivery]] = list) -> None:
        """Sends what was held back, in the order made by `order` (`reversed`, a shuffle)."""
        held, self.held = self.held, []
        for delivery in order(held):
            self._enqueue(delivery)
        self.wake()

    def settle(self, timeout_s: float = SETTLE_S) -> None:
        """Returns when every queued request has been answered or given up."""
        with self._changed:
            done = self._changed.wait_for(lambda: not self._queue and not self._open, timeout_s)
        assert done, f"webhooks still on their way after {timeout_s} s"

    def take(self) -> Delivery | None:
        """The next request to send, for the server's worker."""
        with self._changed:
            if not self._queue:
                return None
            self._open += 1
            return self._queue.popleft()

    def finished(self, delivery: Delivery, status: int, error: str = "") -> None:
        """The worker's word on what became of a request."""
        with self._changed:
            self._open -= 1
            self.sent.append(delivery)
            if error:
                self.errors.append(error)
            self._changed.notify_all()
        if not delivery.outcome.done():
            delivery.outcome.set_result(status)

    def _request(
        self, option: dict[str, Any], kind: str, data: dict[str, object], *, form: bool
    ) -> Delivery | None:
        data.update(_pairs(option.get("Fields")))
        body = self._body(option, data)
        if not body and option.get("SkipEmptyMessageBody"):
            return None
        headers = {
            "User-Agent": self._agent,
            "Accept": "application/json;q=1.0, application/xml;q=0.9, */*;q=0.8",
        }
        content_type = "text/plain"
        for key, value in _pairs(option.get("Headers")).items():
            if key.lower() == "content-type":
                content_type = value
            else:
                headers[key] = value
        if form:
            body, content_type = _form(body), "application/x-www-form-urlencoded"
        elif ";" in content_type or "/" not in content_type:
            self.errors.append(f"FormatException: {content_type!r} is no media type")
            return None
        else:
            content_type += "; charset=utf-8"
        headers["Content-Type"] = content_type
        return Delivery(kind, str(option["WebhookUri"]), headers, body.encode())

    def _body(self, option: dict[str, Any], data: dict[str, object]) -> str:
        if option.get("SendAllProperties"):
            body = dumps(data, self._offset_minutes)
        else:
            template = base64.b64decode(option.get("Template") or "").decode()
            body = render(template, data, self._offset_minutes)
        return body.strip() if option.get("TrimWhitespace") else body

    def _decide(self, delivery: Delivery) -> bool:
        """Whether the request leaves now."""
        fate = self.fates.popleft() if self.fates else self.fate
        if fate is Fate.HOLD:
            self.held.append(delivery)
        if fate in {Fate.HOLD, Fate.LOSE}:
            return False
        self._enqueue(delivery)
        if fate is Fate.TWICE:
            self._enqueue(Delivery(delivery.type, delivery.url, delivery.headers, delivery.body))
        return True

    def _enqueue(self, delivery: Delivery) -> None:
        with self._changed:
            self._queue.append(delivery)


def _wanted(
    option: dict[str, Any], kind: str, item_kind: str | None, data: dict[str, object]
) -> bool:
    if not option.get("EnableWebhook", True) or kind not in option.get("NotificationTypes", ()):
        return False
    if item_kind is not None and not option.get(ITEM_TICKS.get(item_kind, ""), False):
        return False
    users = [guid(user) for user in option.get("UserFilter") or ()]
    return not users or "UserId" not in data or data["UserId"] in users


def _pairs(options: list[dict[str, str]] | None) -> dict[str, str]:
    return {
        option["Key"]: option["Value"]
        for option in options or ()
        if option.get("Key") and option.get("Value")
    }


def _form(body: str) -> str:
    """What the form destination makes of a JSON body: strings only, null is empty."""
    fields = {
        key: "" if value is None else str(value)
        for key, value in json.loads(body, parse_float=str, parse_int=str).items()
    }
    return urllib.parse.urlencode(fields)
