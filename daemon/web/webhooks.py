"""
Where media servers post what happened on them. Everything that arrives is recorded as it came,
understood or not; looking at the server again is the lanes' work.
"""

import anyio.to_thread
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from daemon.config import Settings
from daemon.web.bodies import read_body
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.ledger import queue_of
from daemon.web.problems import problem
from daemon.web.services import Services
from projections.sync_commands import ReceiveWebhook

CONTENT_TYPE_CHARS_MAX = 256
NAME_CHARS_MAX = 64
"""A longer name cannot be configured; of a wrong one so much is kept."""

UNKNOWN = "unknown"
"""Who posted for a server that is not configured: in the log, and as a label."""

INLINE_BYTES_MAX = 16_384
"""A larger body is read in a worker thread; what servers send has some two thousand."""

CLASSES = {
    "UserDataSaved": "userdata",
    "PlaybackStart": "playback",
    "PlaybackProgress": "playback",
    "PlaybackStop": "playback",
    "ItemAdded": "item",
    "ItemDeleted": "item",
    "UserCreated": "account",
    "UserDeleted": "account",
    "UserUpdated": "account",
    "TaskCompleted": "task",
}
"""The types that matter, in classes few enough for a label."""

OTHER = "other"
UNREADABLE = "unreadable"


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the webhook plugin of Jellyfin sends with Send All Properties, as far as it is read; there
    may be any other fields. The content type does not matter, and a form or a template's text are
    read too.
    """

    NotificationType: str
    ServerId: str = ""
    UserId: str = ""
    ItemId: str = ""
    SaveReason: str = ""
    UtcTimestamp: str = ""
    PlaybackPositionTicks: int = 0
    PlayCount: int = 0
    Played: bool = False
    Favorite: bool = False
    Likes: bool = False
    Rating: float = 0.0
    LastPlayedDate: str = ""
    AudioStreamIndex: int = -1
    SubtitleStreamIndex: int = -1
    ResultKey: str = ""


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """
    The notification is recorded as event `seq`, now or (`duplicate`) before. `pokes` counts what is
    looked at again because of it; `problem` says what of it was not understood.
    """

    status: str
    seq: int
    pokes: int
    problem: str


class Works(msgspec.Struct, frozen=True, kw_only=True):
    """The address is right."""

    status: str
    message: str


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is left to write (`pending_events`) and to look at (`unread_events`), and whether somebody
    works on it.
    """

    pending_events: int
    unread_events: int
    worker_running: bool


async def receive_webhook(services: Services, request: Request) -> Response:
    """
    Records a notification of a server and answers once it is on disk. The server authenticates
    itself with its `webhook_secret`, as `X-Playhead-Secret` or as a bearer token, or with a
    credential of ours. What cannot be understood is recorded too and answered with 422, what is
    for a server that is not configured with 404.
    """
    require(request, "webhook")
    body = await read_body(request, services.settings.server)
    content_type = request.headers.get("content-type", "")[:CONTENT_TYPE_CHARS_MAX]
    wanted = request.path_params["server"]
    name = configured_name(services.settings, wanted)
    command = await _command(services, name or UNKNOWN, body, content_type)
    if name is None:
        command = _misdirected(command, wanted[:NAME_CHARS_MAX], services.settings)
    (receipt,) = await services.writer.submit(command)
    kind = _class_of(command)
    services.metrics.count(
        "playhead.webhook.received", 1, {"server": name or UNKNOWN, "class": kind}
    )
    if name is None or kind == UNREADABLE:
        return problem(
            404 if name is None else 422,
            command.problem,
            hint=f"It is recorded as event {receipt.seq}. Correct the settings of the webhook.",
            seq=receipt.seq,
        )
    status = "duplicate" if receipt.duplicate else "recorded"
    return json_response(
        Received(status=status, seq=receipt.seq, pokes=len(command.pokes), problem=command.problem)
    )


def configured_name(settings: Settings, name: str) -> str | None:
    """How a server is spelled in the configuration, or None when it is not there."""
    folded = name.casefold()
    names = (server.name for server in settings.jellyfin)
    return next((known for known in names if known.casefold() == folded), None)


async def _command(
    services: Services, server: str, body: bytes, content_type: str
) -> ReceiveWebhook:
    if len(body) <= INLINE_BYTES_MAX:
        return services.webhook(server, body, content_type)
    return await anyio.to_thread.run_sync(services.webhook, server, body, content_type)


def _misdirected(command: ReceiveWebhook, wanted: str, settings: Settings) -> ReceiveWebhook:
    """The same, without consequences: kept for whoever looks for it."""
    known = ", ".join(server.name for server in settings.jellyfin) or "none"
    sentence = f"There is no server {wanted!r} in the configuration; known: {known}."
    return msgspec.structs.replace(
        command, server=wanted, pokes=(), problem=sentence, id=None, at=None
    )


def _class_of(command: ReceiveWebhook) -> str:
    kind = CLASSES.get(command.type, OTHER)
    is_useless = bool(command.problem) and not command.pokes
    return UNREADABLE if is_useless and (kind != OTHER or not command.type) else kind


async def webhook_test(services: Services, request: Request) -> Response:
    """Says that notifications would be taken, so that an address can be tried."""
    require(request, "webhook")
    return json_response(Works(status="ok", message="The webhook receiver is running."))


async def webhook_queue(services: Services, request: Request) -> Response:
    """How much is left to do."""
    require(request, "webhook")
    queue = await queue_of(services)
    return json_response(
        Queue(
            pending_events=queue.pending_events,
            unread_events=queue.unread_events,
            worker_running=queue.worker_running,
        )
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/webhook/test",
        handler=webhook_test,
        summary="Is this the address for webhooks?",
        tag="webhooks",
        scope="webhook",
        answer=Works,
    ),
    Endpoint(
        method="GET",
        path="/webhook/queue",
        handler=webhook_queue,
        summary="How much is left to do",
        tag="webhooks",
        scope="webhook",
        answer=Queue,
    ),
    Endpoint(
        method="POST",
        path="/webhook/{server}",
        handler=receive_webhook,
        summary="Notifications of a server's webhook plugin",
        tag="webhooks",
        scope="webhook",
        body=Notification,
        answer=Received,
        statuses=(400, 404, 408, 409, 413, 422),
    ),
)
