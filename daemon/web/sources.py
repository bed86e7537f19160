"""
The sources: root directories whose folders are projects.
"""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from adapters.keeper import SourceState
from daemon.web.bodies import decode_query
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.media_lookup import body_of
from daemon.web.services import Services


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """
    A source. `accessible`: its directory can be reached now; if not, `problem` may say why. What is
    known of an offline source is kept. `primary`: it is set by the configuration.
    """

    name: str
    root: str
    type: str
    enabled: bool
    accessible: bool
    primary: bool
    problem: str
    instructions: str


class NewSource(msgspec.Struct, frozen=True, kw_only=True):
    """
    A directory that becomes a source, or a source to be changed. `root` must lie under one of
    media.allowed_roots.
    """

    name: Annotated[str, Meta(max_length=255)]
    root: Annotated[str, Meta(max_length=4_096)]
    type: Annotated[str, Meta(max_length=64)] = "local"
    enabled: bool = True


class ToggleQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Whether it is to be on."""

    enabled: bool = True


class SourceRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """It is off the list; nothing on its disk was touched."""

    status: str
    name: str


async def list_sources(services: Services, request: Request) -> Response:
    """Lists the sources by name, those that are switched off or offline included."""
    require(request, "media")
    states = await services.keeper.sources()
    views = [_view(state) for state in sorted(states, key=lambda state: state.source.name)]
    return json_response(views)


async def register_source(services: Services, request: Request) -> Response:
    """Makes a directory a source, or changes one."""
    user = require(request, "admin").user
    body = await body_of(services, request, NewSource)
    state = await services.keeper.register_source(
        body.name, root=body.root, kind=body.type, enabled=body.enabled, actor=user
    )
    return json_response(_view(state), status=201)


async def toggle_source(services: Services, request: Request) -> Response:
    """Switches a source on or off. One that is off is neither looked at nor served."""
    user = require(request, "admin").user
    query = decode_query(request, ToggleQuery)
    name = request.path_params["name"]
    state = await services.keeper.toggle_source(name, enabled=query.enabled, actor=user)
    return json_response(_view(state))


async def remove_source(services: Services, request: Request) -> Response:
    """Takes a source off the list. Nothing on its disk is touched."""
    user = require(request, "admin").user
    name = request.path_params["name"]
    await services.keeper.remove_source(name, actor=user)
    return json_response(SourceRemoved(status="removed", name=name))


def _view(state: SourceState) -> SourceView:
    source = state.source
    return SourceView(
        name=source.name,
        root=source.root,
        type=source.kind,
        enabled=source.enabled,
        accessible=state.is_accessible,
        primary=source.is_primary,
        problem="" if state.is_accessible else source.problem,
        instructions=f"Use ?source={source.name} on project endpoints to target this root.",
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/sources",
        handler=list_sources,
        summary="The sources there are",
        tag="sources",
        scope="media",
        answer=list[SourceView],
    ),
    Endpoint(
        method="POST",
        path="/api/sources",
        handler=register_source,
        summary="Register a source",
        tag="sources",
        scope="admin",
        body=NewSource,
        answer=SourceView,
        status=201,
        refusal=400,
        statuses=(400, 404, 408, 409, 413, 422),
    ),
    Endpoint(
        method="POST",
        path="/api/sources/{name}/toggle",
        handler=toggle_source,
        summary="Switch a source on or off",
        tag="sources",
        scope="admin",
        query=ToggleQuery,
        answer=SourceView,
        refusal=400,
        statuses=(400, 404, 422),
    ),
    Endpoint(
        method="DELETE",
        path="/api/sources/{name}",
        handler=remove_source,
        summary="Take a source off the list",
        tag="sources",
        scope="admin",
        answer=SourceRemoved,
        refusal=400,
        statuses=(400, 404),
    ),
)
