"""
The ASGI application: the route table, the guard in front of it, and the answers when there is no
route.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from http import HTTPStatus
from typing import TypeAlias

from opentelemetry.trace import SpanKind, Tracer
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from daemon.telemetry.logs import logger
from daemon.telemetry.tracing import parent_of, trace_ids
from daemon.web import (
    access,
    assets,
    changes,
    compose,
    deliveries,
    events,
    explain,
    explorer,
    library,
    markers,
    media,
    organizer,
    orientation,
    past,
    players,
    positions,
    projects,
    reconcile,
    registry,
    reindexing,
    resolve,
    resolve_jobs,
    servers,
    serving,
    settings,
    sources,
    status,
    sync_log,
    timestamps,
    titles,
    trash,
    tus,
    undo,
    upload_check,
    uploads,
    watching,
    watching_changes,
    webhooks,
    whoami,
)
from daemon.web.endpoint import Endpoint, json_response
from daemon.web.guard import Guard, foreign_page, is_own_order
from daemon.web.openapi import document
from daemon.web.problems import problem, problem_response
from daemon.web.services import Services
from projections.errors import PlayheadError

Serve: TypeAlias = Callable[[Request], Awaitable[Response]]


async def openapi(services: Services, request: Request) -> Response:
    """The OpenAPI document of this very interface."""
    return json_response(document(ROUTES))


ROUTES: tuple[Endpoint, ...] = (
    *positions.ENDPOINTS,
    *webhooks.ENDPOINTS,
    *timestamps.ENDPOINTS,
    *events.ENDPOINTS,
    *status.ENDPOINTS,
    *servers.ENDPOINTS,
    *deliveries.ENDPOINTS,
    *sync_log.ENDPOINTS,
    *titles.ENDPOINTS,
    *explain.ENDPOINTS,
    *undo.ENDPOINTS,
    *whoami.ENDPOINTS,
    *library.ENDPOINTS,
    *changes.ENDPOINTS,
    *projects.ENDPOINTS,
    *reindexing.ENDPOINTS,
    *media.ENDPOINTS,
    *orientation.ENDPOINTS,
    *reconcile.ENDPOINTS,
    *registry.ENDPOINTS,
    *assets.ENDPOINTS,
    *sources.ENDPOINTS,
    *trash.ENDPOINTS,
    *resolve.ENDPOINTS,
    *resolve_jobs.ENDPOINTS,
    *watching.ENDPOINTS,
    *watching_changes.ENDPOINTS,
    *past.ENDPOINTS,
    *access.ENDPOINTS,
    *settings.ENDPOINTS,
    *markers.ENDPOINTS,
    *uploads.ENDPOINTS,
    *upload_check.ENDPOINTS,
    *tus.ENDPOINTS,
    *serving.ENDPOINTS,
    *compose.ENDPOINTS,
    *organizer.ENDPOINTS,
    *players.ENDPOINTS,
    *explorer.ENDPOINTS,
    Endpoint(
        method="GET",
        path="/api/openapi.json",
        handler=openapi,
        summary="This interface, described (OpenAPI 3.1)",
        tag="status",
        scope=None,
        answer=dict,
    ),
)
"""Every route there is; the ones that players use most come first."""


def build_app(services: Services) -> ASGIApp:
    """The application that serves `ROUTES`."""
    routes = [_route(path, group, services) for path, group in _by_path(ROUTES)]
    app = Starlette(
        routes=routes,
        exception_handlers={HTTPException: _no_route, Exception: _defect},
    )
    app.router.redirect_slashes = False
    return Guard(ExactPaths(app, routes), services)


class ExactPaths:
    """
    ASGI middleware in front of the router: a method and path without parameters is looked up, all
    else is the router's. Its pattern after pattern costs as much as recording a position.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[Route]) -> None:
        self._app = app
        self._table: dict[tuple[str, str], Serve] = {
            (method, route.path): route.endpoint
            for route in routes
            if not route.param_convertors
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        serve = self._table.get((scope.get("method", ""), scope.get("path", "")))
        if serve is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive, send)
        response: Response | None = None
        try:
            response = await serve(request)
            await response(scope, receive, send)
        except Exception as error:
            defect = await _defect(request, error)
            if response is None:
                await defect(scope, receive, send)
            raise


def _by_path(endpoints: Iterable[Endpoint]) -> list[tuple[str, list[Endpoint]]]:
    paths: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, []).append(endpoint)
    return list(paths.items())


def _route(path: str, endpoints: list[Endpoint], services: Services) -> Route:
    methods = {endpoint.method: endpoint for endpoint in endpoints}
    if "GET" in methods and not methods["GET"].is_order:
        methods.setdefault("HEAD", methods["GET"])
    origins = frozenset(services.settings.server.allowed_origins)

    async def serve(request: Request) -> Response:
        request.scope["playhead.route"] = path
        endpoint = methods[request.method]
        if endpoint.is_order and not is_own_order(request.headers, origins):
            return foreign_page()
        try:
            return await endpoint.handler(services, request)
        except PlayheadError as error:
            return problem_response(error, refusal=endpoint.refusal)

    route = Route(path, _traced(serve, path, services.tracer), methods=list(methods))
    if "HEAD" not in methods:  # the router gives one to every GET
        assert route.methods is not None
        route.methods.discard("HEAD")
    return route


def _traced(serve: Serve, path: str, tracer: Tracer | None) -> Serve:
    """The same, with a span around each request where traces are wanted."""
    if tracer is None:
        return serve

    async def traced(request: Request) -> Response:
        labels = {"http.request.method": request.method, "http.route": path}
        name = f"{request.method} {path}"
        with tracer.start_as_current_span(
            name, parent_of(request.headers), kind=SpanKind.SERVER, attributes=labels
        ) as span:
            request.scope["playhead.trace"] = trace_ids()
            response = await serve(request)
            span.set_attribute("http.response.status_code", response.status_code)
            return response

    return traced


async def _no_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if "Allow" in headers:  # the router lists a set
        headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
    path = request.scope["path"]
    if path == "/timestamps" or path.startswith("/timestamps/"):
        missing = error.status_code == HTTPStatus.NOT_FOUND
        text = "404 page not found\n" if missing else f"{error.detail}\n"
        return Response(text, error.status_code, headers, "text/plain")
    if error.status_code == HTTPStatus.NOT_FOUND:
        hint = "GET /api/openapi.json lists every path."
        return problem(404, f"There is nothing at {path}.", hint=hint)
    if "Allow" not in headers:
        return problem(error.status_code, f"{error.detail}.", headers=headers)
    headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
    sentence = f"{request.method} is not possible on {path}."
    return problem(error.status_code, sentence, hint=f"Use {headers['Allow']}.", headers=headers)


async def _defect(request: Request, error: Exception) -> Response:
    trace = request.scope.get("playhead.trace", {})
    told = {"path": request.scope["path"], "method": request.method}
    logger.error("request_failed", **told, **trace, exc_info=error)
    hint = "This is a defect in Playhead; please report it with the log lines of this moment."
    return problem(500, "An internal error occurred; nothing more is known here.", hint=hint)
