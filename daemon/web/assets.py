"""
Orders about assets of several projects at once, in the words of media-sync-api.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from adapters.keeper import ComposeMode, Composition
from daemon.web.asset_refs import AssetRef, AssetRefs, grouped, resolve_refs
from daemon.web.compose import (
    INPUTS_MAX,
    OUTPUT,
    ComposedView,
    FileName,
    composed_view,
    output_name,
)
from daemon.web.endpoint import Endpoint, Handler, json_response, require
from daemon.web.media_lookup import Name, body_of
from daemon.web.media_orders import Step, TaggedFile, steps, tag_files
from daemon.web.services import Services
from projections.errors import Rejected
from projections.media_names import EXPORTS


class DeleteAssets(msgspec.Struct, frozen=True, kw_only=True):
    """Files to throw away."""

    assets: AssetRefs = ()


class TagAssets(msgspec.Struct, frozen=True, kw_only=True):
    """Files, and the tags to put on and take off."""

    assets: AssetRefs = ()
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()


class MoveAssets(msgspec.Struct, frozen=True, kw_only=True):
    """Files, and where they are wanted."""

    target_project: Name
    target_source: Name | None = None
    assets: AssetRefs = ()


class ComposeAssets(msgspec.Struct, frozen=True, kw_only=True):
    """
    Clips to be joined, in order, and where the result is wanted. `auto` copies where the clips are
    alike and encodes otherwise.
    """

    output_project: Name
    output_source: Name | None = None
    assets: Annotated[tuple[AssetRef, ...], Meta(max_length=INPUTS_MAX)] = ()
    output_name: FileName = OUTPUT
    target_dir: Annotated[str, Meta(max_length=1_024)] = EXPORTS
    mode: ComposeMode = "auto"
    allow_overwrite: bool = False


class RemovedGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one project."""

    source: str
    project: str
    removed: list[str]
    missing: tuple[str, ...]


class RemovedAssets(msgspec.Struct, frozen=True, kw_only=True):
    """
    How many files are in the trash now. `trash_ids` says under which ids they can be restored.
    """

    status: str
    deleted: int
    missing: int
    groups: list[RemovedGroup]
    trash_ids: list[str]


class TaggedGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one project."""

    source: str
    project: str
    updated: list[TaggedFile]
    missing: list[str]


class TaggedAssets(msgspec.Struct, frozen=True, kw_only=True):
    """How many files were tagged."""

    status: str
    updated: int
    missing: int
    groups: list[TaggedGroup]


class MovedGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one project."""

    source: str
    project: str
    moved: list[Step]
    duplicates: tuple[str, ...]
    missing: tuple[str, ...]


class MovedAssets(msgspec.Struct, frozen=True, kw_only=True):
    """How many files were moved, and of how many the target had the content already."""

    status: str
    moved: int
    duplicates: int
    missing: int
    groups: list[MovedGroup]


async def delete_assets(services: Services, request: Request) -> Response:
    """Throws files of several projects into the trash of their sources."""
    user = require(request, "media").user
    body = await body_of(services, request, DeleteAssets)
    groups: list[RemovedGroup] = []
    ids: list[str] = []
    for project, paths in grouped(await resolve_refs(services, body.assets)):
        source, name = project.source, project.project
        thrown = await services.keeper.trash(source, name, paths, actor=user)
        ids += thrown.ids.values()
        groups.append(
            RemovedGroup(
                source=source, project=name, removed=sorted(thrown.ids), missing=thrown.missing
            )
        )
    answer = RemovedAssets(
        status="ok",
        deleted=len(ids),
        missing=sum(len(group.missing) for group in groups),
        groups=groups,
        trash_ids=ids,
    )
    return json_response(answer)


async def tag_assets(services: Services, request: Request) -> Response:
    """Puts tags on files of several projects, and takes tags off."""
    user = require(request, "media").user
    body = await body_of(services, request, TagAssets)
    groups: list[TaggedGroup] = []
    for project, paths in grouped(await resolve_refs(services, body.assets)):
        tagged = await tag_files(
            services, project, paths, add=body.add_tags, remove=body.remove_tags, user=user
        )
        groups.append(
            TaggedGroup(
                source=project.source,
                project=project.project,
                updated=tagged.updated,
                missing=tagged.missing,
            )
        )
    answer = TaggedAssets(
        status="ok",
        updated=sum(len(group.updated) for group in groups),
        missing=sum(len(group.missing) for group in groups),
        groups=groups,
    )
    return json_response(answer)


async def move_assets(services: Services, request: Request) -> Response:
    """
    Moves files of several projects to another one. Nothing is moved when one of them lies there.
    """
    user = require(request, "media").user
    body = await body_of(services, request, MoveAssets)
    target = await services.keeper.project(body.target_source, body.target_project)
    there = (target.source, target.project)
    wanted = grouped(await resolve_refs(services, body.assets))
    if any((project.source, project.project) == there for project, _ in wanted):
        message = "Source and target project must differ"
        raise Rejected(message, hint="Leave out what lies in the target project already.")
    groups: list[MovedGroup] = []
    for project, paths in wanted:
        source, name = project.source, project.project
        moved = await services.keeper.move(
            source, name, paths, to_source=there[0], to_project=there[1], actor=user
        )
        group = MovedGroup(
            source=source,
            project=name,
            moved=steps(moved),
            duplicates=moved.duplicates,
            missing=moved.missing,
        )
        groups.append(group)
    answer = MovedAssets(
        status="ok",
        moved=sum(len(group.moved) for group in groups),
        duplicates=sum(len(group.duplicates) for group in groups),
        missing=sum(len(group.missing) for group in groups),
        groups=groups,
    )
    return json_response(answer)


async def compose_assets(services: Services, request: Request) -> Response:
    """Joins clips of several projects into one file."""
    user = require(request, "media").user
    body = await body_of(services, request, ComposeAssets)
    assets = await resolve_refs(services, body.assets)
    target = await services.keeper.project(body.output_source, body.output_project)
    composition = Composition(
        source=target.source,
        project=target.project,
        inputs=tuple(asset.path for asset in assets),
        input_projects=tuple((asset.project.source, asset.project.project) for asset in assets),
        to_source=target.source,
        to_project=target.project,
        folder=body.target_dir.strip().strip("/") or EXPORTS,
        name=output_name(body.output_name),
        mode=body.mode,
        may_overwrite=body.allow_overwrite,
        actor=user,
    )
    return json_response(composed_view(request, await services.keeper.compose(composition)))


def _endpoint(what: str, handler: Handler, summary: str, *, body: Any, answer: Any) -> Endpoint:
    is_composing = what == "compose"
    return Endpoint(
        method="POST",
        path=f"/api/assets/bulk/{what}",
        handler=handler,
        summary=summary,
        tag="assets",
        scope="media",
        body=body,
        answer=answer,
        refusal=400,
        statuses=(400, 404, 408, 409, 413, 422, *([500, 507] if is_composing else [507])),
    )


ENDPOINTS = (
    _endpoint(
        "delete", delete_assets, "Throw assets away", body=DeleteAssets, answer=RemovedAssets
    ),
    _endpoint("tags", tag_assets, "Tag assets", body=TagAssets, answer=TaggedAssets),
    _endpoint("move", move_assets, "Move assets", body=MoveAssets, answer=MovedAssets),
    _endpoint("compose", compose_assets, "Join assets", body=ComposeAssets, answer=ComposedView),
)
