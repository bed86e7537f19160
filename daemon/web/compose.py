"""
Joining clips into one: clips of a project, or clips that are sent along only for this.
"""

from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import anyio
import anyio.to_thread
import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from adapters.disk.errors import named
from adapters.keeper import Composed, ComposeMode, Composition
from daemon.engine.views import ViewReader
from daemon.web.bodies import decode_query
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.media_lookup import SourceQuery, body_of, file_at, project_of
from daemon.web.media_shapes import Served, served
from daemon.web.problems import HTTPProblem
from daemon.web.services import Services
from daemon.web.upload_body import BodyLimits, FormPart, receive_form
from daemon.web.uploads import FILE_FIELDS, FORM_BYTES_MAX, File
from projections.media_names import (
    EXPORTS,
    PATH_BYTES_MAX,
    check_file_name,
    check_folder,
    kind_of,
)
from projections.media_sources import Project

INPUTS_MAX = 200
"""As many as the keeper joins."""

SHOWN_MAX = 10
"""Paths that a refusal lists."""

OUTPUT = "compiled.mp4"
CONTAINER = ".mp4"

RelativePath = Annotated[str, Meta(min_length=1, max_length=PATH_BYTES_MAX)]
FileName = Annotated[str, Meta(max_length=255)]


class ComposeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the joined clip is called, and how it is made: `copy` takes the clips as they are, `encode`
    makes them alike, `auto` copies where that is possible.
    """

    output_name: FileName = OUTPUT
    target_dir: RelativePath = EXPORTS
    mode: ComposeMode = "auto"
    allow_overwrite: bool = False


class ComposeRequest(ComposeOptions, frozen=True, kw_only=True):
    """Which clips of the project are joined, in this order."""

    inputs: Annotated[tuple[RelativePath, ...], Meta(min_length=1, max_length=INPUTS_MAX)]


class ComposeUploadQuery(ComposeOptions, frozen=True, kw_only=True):
    """The same as parameters, and which source the project is in."""

    source: Annotated[str, Meta(min_length=1, max_length=255)] | None = None


class ComposeForm(msgspec.Struct, frozen=True, kw_only=True):
    """The clips, in the order in which they are joined. They are not kept."""

    files: list[File]


class ComposedView(msgspec.Struct, frozen=True, kw_only=True):
    """Where the joined clip is; `duplicate`: the same was there before."""

    status: Literal["stored", "duplicate"]
    project: str
    source: str
    path: str
    sha256: str
    size: int
    mode_used: Literal["copy", "encode"]
    served: Served


async def compose_clips(services: Services, request: Request) -> Response:
    """Joins clips of a project into one."""
    user = require(request, "media").user
    query = decode_query(request, SourceQuery)
    body = await body_of(services, request, ComposeRequest)
    project = await project_of(services, request, query.source)
    inputs = tuple(path.lstrip("/") for path in body.inputs)
    await _refuse_unknown(services, project, inputs)
    composition = _composition(project, body, inputs=inputs, actor=user)
    return json_response(composed_view(request, await services.keeper.compose(composition)))


async def _refuse_unknown(services: Services, project: Project, inputs: tuple[str, ...]) -> None:
    def read(views: ViewReader) -> list[str]:
        place = (project.source, project.project)
        return [path for path in inputs if file_at(views, *place, path=path) is None]

    unknown = await services.views.read(read)
    if unknown:
        shown = ", ".join(repr(path) for path in unknown[:SHOWN_MAX])
        more = f" and {len(unknown) - SHOWN_MAX} more" if len(unknown) > SHOWN_MAX else ""
        sentence = f"Only indexed files of the project can be joined; not so {shown}{more}."
        raise HTTPProblem(400, sentence, hint="GET /api/projects/{project}/media lists them.")


def _composition(
    project: Project,
    options: ComposeOptions,
    *,
    actor: str,
    inputs: tuple[str, ...] = (),
    staged: tuple[Path, ...] = (),
) -> Composition:
    return Composition(
        source=project.source,
        project=project.project,
        inputs=inputs,
        to_source=project.source,
        to_project=project.project,
        folder=options.target_dir,
        name=output_name(options.output_name),
        mode=options.mode,
        may_overwrite=options.allow_overwrite,
        actor=actor,
        staged=staged,
    )


def output_name(wanted: str) -> str:
    """What the joined clip is called: always an MP4."""
    name = wanted.strip() or OUTPUT
    return name if name.lower().endswith(CONTAINER) else name + CONTAINER


def composed_view(request: Request, composed: Composed) -> ComposedView:
    """The answer about a joined clip."""
    outcome = composed.outcome
    return ComposedView(
        status="stored" if outcome.is_stored else "duplicate",
        project=outcome.project,
        source=outcome.source,
        path=outcome.path,
        sha256=outcome.sha256,
        size=outcome.size_bytes,
        mode_used=composed.mode_used,
        served=served(request, outcome.source, outcome.project, path=outcome.path),
    )


async def compose_uploaded(services: Services, request: Request) -> Response:
    """Joins clips that are sent along into one; only that one is kept."""
    user = require(request, "media").user
    query = decode_query(request, ComposeUploadQuery)
    project = await project_of(services, request, query.source)
    check_folder(query.target_dir)
    check_file_name(output_name(query.output_name))
    folder = await services.keeper.stage()
    try:
        staged = await _staged(services, request, folder)
        composition = _composition(project, query, staged=staged, actor=user)
        composed = await services.keeper.compose(composition)
    finally:
        with anyio.CancelScope(shield=True):
            await services.keeper.unstage(folder)
    return json_response(composed_view(request, composed))


async def _staged(services: Services, request: Request, folder: Path) -> tuple[Path, ...]:
    media = services.settings.media
    limits = BodyLimits(
        body_bytes_max=media.compose_bytes_max + FORM_BYTES_MAX,
        file_bytes_max=media.compose_bytes_max,
        idle_s=media.upload_idle_s,
    )
    staged: list[Path] = []
    async with receive_form(request, limits=limits) as form:
        async for part in form:
            if part.name in FILE_FIELDS and part.filename:
                path = folder / _staged_name(len(staged), part.filename)
                await _save(part, path)
                staged.append(path)
    if not staged:
        hint = "Send a form with the clips in `files`."
        raise HTTPProblem(400, "compose/upload requires multipart files", hint=hint)
    return tuple(staged)


def _staged_name(number: int, filename: str) -> str:
    """A name of ours; the extension only where it is one we know."""
    known = kind_of(filename) != "other"
    return f"{number:04d}{PurePosixPath(filename).suffix.lower() if known else ''}"


async def _save(part: FormPart, path: Path) -> None:
    file = await anyio.to_thread.run_sync(_StagedFile, path)
    try:
        await part.save(file.write)
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(file.close)


class _StagedFile:
    """A file that is needed only while clips are joined."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("xb")
        except OSError as error:
            raise _unkept(error) from error

    def write(self, data: memoryview) -> None:
        """Writes all of it."""
        try:
            self._file.write(data)
        except OSError as error:
            raise _unkept(error) from error

    def close(self) -> None:
        """Ends it."""
        try:
            self._file.close()
        except OSError as error:
            raise _unkept(error) from error


def _unkept(error: OSError) -> Exception:
    return named(error, "A clip on its way to be joined")


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/projects/{project}/compose",
        handler=compose_clips,
        summary="Join clips of a project",
        tag="media",
        scope="media",
        query=SourceQuery,
        body=ComposeRequest,
        answer=ComposedView,
        refusal=400,
        statuses=(400, 404, 408, 409, 413, 422, 500, 507),
    ),
    Endpoint(
        method="POST",
        path="/api/projects/{project}/compose/upload",
        handler=compose_uploaded,
        summary="Join clips that are sent along",
        tag="media",
        scope="media",
        query=ComposeUploadQuery,
        bodies={"multipart/form-data": ComposeForm},
        answer=ComposedView,
        refusal=400,
        statuses=(400, 404, 408, 409, 413, 415, 422, 500, 507),
    ),
)
