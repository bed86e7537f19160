"""
For whoever watches over the daemon: is it alive, is it ready, what do its metrics say.
"""

from collections.abc import Iterator
from contextlib import suppress

import anyio.to_thread
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from daemon import __version__
from daemon.config.bind import is_loopback
from daemon.web.endpoint import Endpoint, json_response, may, require
from daemon.web.lanes import lane_faults
from daemon.web.ledger import show_figures
from daemon.web.media_figures import show_media_figures
from daemon.web.players import show_player_figures
from daemon.web.proxies import is_forwarded
from daemon.web.services import Services
from projections.errors import PlayheadError

SERVICE = "playhead"


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Alive: the event loop answers."""

    status: str
    version: str


class OldHealth(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Alive, in the words of media-sync-api. Where the projects are is told to those who may see them.
    """

    ok: bool
    service: str
    projects_root: str = ""
    instructions: str = ""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One condition of being ready; `detail` is a sentence."""

    name: str
    ok: bool
    detail: str


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Ready: everything needed to take requests works. `reasons` says what does not."""

    status: str
    reasons: list[str]
    checks: list[Check]


async def healthz(services: Services, request: Request) -> Response:
    """Answers as long as the process can."""
    return json_response(Health(status="ok", version=__version__))


async def health(services: Services, request: Request) -> Response:
    """
    Answers as long as the process can, as media-sync-api did: without a credential only that.
    """
    if not may(request, "media"):
        return json_response(OldHealth(ok=True, service=SERVICE))
    states = await services.keeper.sources()
    roots = [state.source.root for state in states if state.source.is_primary]
    hint = "GET /api/openapi.json describes this interface; the library is at /."
    answer = OldHealth(ok=True, service=SERVICE, projects_root="".join(roots), instructions=hint)
    return json_response(answer)


async def readyz(services: Services, request: Request) -> Response:
    """200 when the daemon can record and answer, 503 with the reasons otherwise."""
    checks = list(_checks(services))
    reasons = [check.detail for check in checks if not check.ok]
    ready = Readiness(status="not ready" if reasons else "ready", reasons=reasons, checks=checks)
    return json_response(ready, status=503 if reasons else 200)


def _checks(services: Services) -> Iterator[Check]:
    fault = services.writer.fault
    yield Check(
        name="log",
        ok=fault is None,
        detail="The last write succeeded." if fault is None else f"{fault} {fault.hint}".strip(),
    )
    depth, room = services.writer.queue_depth, services.settings.log.queue_commands_max
    yield Check(
        name="queue", ok=depth < room, detail=f"{depth} of at most {room} commands are waiting."
    )
    lag = services.writer.lag
    # Without a fault a lag is only the moment between the two commits of a batch.
    yield Check(
        name="views",
        ok=lag == 0 or fault is None,
        detail=f"The views are {lag} events behind the log.",
    )
    closing = services.closing.is_set()
    yield Check(
        name="shutdown",
        ok=not closing,
        detail="The daemon is shutting down." if closing else "The daemon is not shutting down.",
    )
    faults = " ".join(lane_faults(services.lanes()))
    yield Check(name="sync", ok=not faults, detail=faults or "Every lane of sync works.")
    gate = services.gate.fault
    yield Check(name="credentials", ok=gate is None, detail=gate or "The credentials can be read.")


async def metrics(services: Services, request: Request) -> Response:
    """The metrics in the format the scraper asks for; open to this machine, by scope to others."""
    if not is_local(request):
        require(request, "metrics")
    with suppress(PlayheadError):  # while the views cannot be read, the figures stay as they were
        await show_figures(services)
        await show_media_figures(services)
        show_player_figures(services)
    accept = request.headers.get("accept", "")
    body, media_type = await anyio.to_thread.run_sync(services.metrics.exposition, accept)
    return Response(body, headers={"Content-Type": media_type})


def is_local(request: Request) -> bool:
    """Whether a request comes from this machine itself, not through a proxy on it."""
    client = request.client
    if client is None or is_forwarded(request.headers):
        return False
    return is_loopback(client.host)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/healthz",
        handler=healthz,
        summary="Is the daemon alive?",
        tag="status",
        scope=None,
        answer=Health,
    ),
    Endpoint(
        method="GET",
        path="/health",
        handler=health,
        summary="Is the daemon alive, and where are the projects?",
        tag="status",
        scope=None,
        answer=OldHealth,
    ),
    Endpoint(
        method="GET",
        path="/readyz",
        handler=readyz,
        summary="Can the daemon record and answer?",
        tag="status",
        scope=None,
        answer=Readiness,
        plain={503: Readiness},
    ),
    Endpoint(
        method="GET",
        path="/metrics",
        handler=metrics,
        summary="Metrics for Prometheus",
        tag="status",
        scope=None,
        answer_type="text/plain",
    ),
)
