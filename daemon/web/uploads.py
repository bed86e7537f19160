"""
Uploads in one request: forms with files, alone or in batches, in the words of media-sync-api; and
the question which contents need not be sent at all.

Each file is written once, hashed while it comes, and is in the library when the answer says so. One
that cannot be taken does not hold up the others.
"""

from typing import Annotated, Literal

import anyio
import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from adapters.keeper import Order, Outcome
from daemon.web.batches import (
    BatchName,
    BatchSnapshot,
    BatchStartedView,
    BatchSummary,
    Counts,
    ItemView,
    batch_snapshot,
    check_batch,
    counts_of,
    finish_batch,
    latest_items,
    refuse_in_batch,
    start_batch,
)
from daemon.web.bodies import decode_query
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.media_lookup import SourceQuery, body_of, project_of
from daemon.web.media_shapes import Served, served
from daemon.web.problems import HTTPProblem
from daemon.web.services import Services
from daemon.web.tus_protocol import mtime_ns, sha256
from daemon.web.upload_body import BodyLimits, FormPart, receive_form
from projections.errors import PlayheadError
from projections.media_names import ORIGINALS, check_file_name
from projections.media_sources import Project
from projections.moments import moment_text

FILE_FIELDS = frozenset({"file", "files", "files[]"})

FORM_BYTES_MAX = 1024 * 1024
"""What a form may have besides its file: names, boundaries, fields of text."""

INSTRUCTIONS = (
    "Multi-file upload completed. For Shortcut repeat loops, call op=finalize with batch_id to"
    " aggregate all items."
)

Text = Annotated[str, Meta(max_length=200)]
File = Annotated[str, Meta(extra_json_schema={"format": "binary"})]


class UploadQuery(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is to be done: `upload` (also for any other word), or `start`, `finalize` or `snapshot` of
    a batch. With `include_batch_snapshot` the answer has the last uploads of the batch.
    """

    op: Text = "upload"
    batch_id: Annotated[str, Meta(max_length=64)] = ""
    include_batch_snapshot: bool = False
    source: Annotated[str, Meta(min_length=1, max_length=255)] | None = None


class UploadForm(msgspec.Struct, frozen=True, kw_only=True):
    """
    Files, in one field or several. The fields `mtime` (milliseconds since 1970, as a browser's
    File.lastModified) and `sha256` (which is then checked) are of the file that comes next after
    them. All of it may be as large as one file may be.
    """

    file: File | UnsetType = UNSET
    files: list[File] | UnsetType = UNSET
    bracketed: list[File] | UnsetType = msgspec.field(name="files[]", default=UNSET)
    mtime: str | UnsetType = UNSET
    sha256: str | UnsetType = UNSET


class Uploaded(msgspec.Struct, frozen=True, kw_only=True):
    """
    What became of a file: where its content is now (`duplicate`: it was there before), or why it
    could not be taken. `size` in bytes.
    """

    status: Literal["stored", "duplicate", "error"]
    filename: str
    path: str | UnsetType = UNSET
    sha256: str | UnsetType = UNSET
    size: int | UnsetType = UNSET
    uploaded_at: str | UnsetType = UNSET
    served: Served | UnsetType = UNSET
    detail: str | UnsetType = UNSET
    hint: str | UnsetType = UNSET
    instructions: str | UnsetType = UNSET


class UploadedSeveral(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each file, in the order in which they came."""

    status: Literal["ok"] = "ok"
    project: str
    source: str
    batch_id: str | None
    counts: Counts
    items: list[Uploaded]
    served_urls: list[str]
    batch_snapshot: list[ItemView] | None
    instructions: str


async def upload(services: Services, request: Request) -> Response:
    """
    Takes files into a project, or starts, ends or shows a batch of uploads. One file without a
    batch is answered by itself; several, or a batch, with a list.
    """
    user = require(request, "media").user
    query = decode_query(request, UploadQuery)
    operation = query.op.strip().lower()
    if operation == "start":
        return await _start(services, request, query.source)
    if operation == "finalize":
        return await _finish(services, request, query)
    if operation == "snapshot":
        return await _snapshot(services, request, query)
    project = await project_of(services, request, query.source)
    await check_batch(services, query.batch_id, project)
    reception = Reception(services, request, project, batch=query.batch_id, user=user)
    limits = _limits(services)
    async with receive_form(request, limits=limits) as form:
        async for part in form:
            await reception.take(part)
    if len(reception.items) == 1 and not query.batch_id:
        return json_response(reception.single())
    return json_response(await reception.summary(with_snapshot=query.include_batch_snapshot))


def _limits(services: Services) -> BodyLimits:
    media = services.settings.media
    return BodyLimits(
        body_bytes_max=media.upload_bytes_max + FORM_BYTES_MAX,
        file_bytes_max=media.upload_bytes_max,
        idle_s=media.upload_idle_s,
    )


class Reception:
    """The files of one form, as they come in."""

    def __init__(
        self, services: Services, request: Request, project: Project, *, batch: str, user: str
    ) -> None:
        self.items: list[Uploaded] = []
        self._services = services
        self._request = request
        self._project = project
        self._batch = batch
        self._user = user
        self._mtime_ns: int | None = None
        self._sha256 = ""
        self._error: PlayheadError | None = None

    async def take(self, part: FormPart) -> None:
        """
        Takes one part of the form.

        Raises:
            HTTPProblem: the form itself cannot be received; what came before stays.
        """
        if part.name in FILE_FIELDS and part.filename:  # an empty name: no file was chosen
            await self._take_file(part, part.filename)
            self._mtime_ns, self._sha256 = None, ""
        elif part.name == "mtime" and not part.is_file:
            self._mtime_ns = mtime_ns(await part.text())
        elif part.name == "sha256" and not part.is_file:
            self._sha256 = sha256(await part.text())

    async def _take_file(self, part: FormPart, filename: str) -> None:
        try:
            name = check_file_name(filename)
            outcome = await self._stored(part, name)
        except HTTPProblem:
            raise
        except PlayheadError as error:
            self._error = error
            self.items.append(
                Uploaded(status="error", filename=filename, detail=str(error), hint=error.hint)
            )
            await refuse_in_batch(
                self._services,
                self._batch,
                self._project,
                name=filename,
                error=error,
                actor=self._user,
            )
        else:
            self.items.append(uploaded(self._request, outcome, name))

    async def _stored(self, part: FormPart, name: str) -> Outcome:
        keeper, project = self._services.keeper, self._project
        order = Order(
            source=project.source,
            project=project.project,
            name=name,
            folder=ORIGINALS,
            actor=self._user,
            batch=self._batch,
            mtime_ns=self._mtime_ns,
            sha256=self._sha256,
        )
        incoming = await keeper.receive(project.source, project.project)
        try:
            await part.save(incoming.write)
            return await keeper.store(incoming, order)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await keeper.discard(incoming)
            raise

    def single(self) -> Uploaded:
        """
        The answer for the only file.

        Raises:
            PlayheadError: it could not be taken.
        """
        (item,) = self.items
        if self._error is not None:
            raise self._error
        instructions = (
            f"Use /api/projects/{self._project.project}/sync-album?source={self._project.source} to"
            " log runs and /reindex if you move files."
        )
        return msgspec.structs.replace(item, instructions=instructions)

    async def summary(self, *, with_snapshot: bool) -> UploadedSeveral:
        """
        The answer for several files, or a batch.

        Raises:
            HTTPProblem: 400, there were none.
        """
        if not self.items:
            hint = "Send a form with one file in `file`, or several in `files[]`."
            raise HTTPProblem(400, "upload requires multipart file or files[]", hint=hint)
        snapshot = None
        if with_snapshot and self._batch:
            snapshot = await latest_items(self._services, self._request, self._project, self._batch)
        return UploadedSeveral(
            project=self._project.project,
            source=self._project.source,
            batch_id=self._batch or None,
            counts=counts_of([item.status for item in self.items]),
            items=self.items,
            served_urls=[
                item.served.download_url for item in self.items if isinstance(item.served, Served)
            ],
            batch_snapshot=snapshot,
            instructions=INSTRUCTIONS,
        )


def uploaded(request: Request, outcome: Outcome, name: str) -> Uploaded:
    """What became of a file that was taken."""
    return Uploaded(
        status="stored" if outcome.is_stored else "duplicate",
        path=outcome.path,
        sha256=outcome.sha256,
        size=outcome.size_bytes,
        served=served(request, outcome.source, outcome.project, path=outcome.path),
        filename=name,
        uploaded_at=moment_text(outcome.at) if outcome.is_stored else UNSET,
    )


async def _start(services: Services, request: Request, source: str | None) -> Response:
    user = require(request, "media").user
    project = await project_of(services, request, source)
    return json_response(await start_batch(services, request, project, actor=user))


async def _finish(services: Services, request: Request, query: UploadQuery) -> Response:
    user = require(request, "media").user
    project = await project_of(services, request, query.source)
    batch_id = await _batch_id(services, request, query.batch_id)
    return json_response(await finish_batch(services, request, project, batch_id, actor=user))


async def _snapshot(services: Services, request: Request, query: UploadQuery) -> Response:
    project = await project_of(services, request, query.source)
    batch_id = await _batch_id(services, request, query.batch_id)
    return json_response(await batch_snapshot(services, request, project, batch_id))


async def _batch_id(services: Services, request: Request, given: str) -> str:
    """The batch that is meant, by the query or the JSON body."""
    if given:
        return given
    if "application/json" in request.headers.get("content-type", ""):
        body = await body_of(services, request, BatchName)
        if body.batch_id and body.batch_id.strip():
            return body.batch_id.strip()
    hint = "Send the batch_id that op=start answered, as a query parameter or in a JSON object."
    raise HTTPProblem(400, "batch_id is required", hint=hint)


async def start_upload_batch(services: Services, request: Request) -> Response:
    """Starts a batch: an older name of op=start."""
    query = decode_query(request, SourceQuery)
    return await _start(services, request, query.source)


async def finalize_upload_batch(services: Services, request: Request) -> Response:
    """Ends a batch: an older name of op=finalize."""
    require(request, "media")
    query = decode_query(request, SourceQuery)
    return await _finish(services, request, UploadQuery(source=query.source))


async def show_upload_batch(services: Services, request: Request) -> Response:
    """Shows a batch: an older name of op=snapshot."""
    require(request, "media")
    query = decode_query(request, SourceQuery)
    project = await project_of(services, request, query.source)
    batch_id = request.path_params["batch_id"]
    return json_response(await batch_snapshot(services, request, project, batch_id))


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/projects/{project}/upload",
        handler=upload,
        summary="Upload files to a project",
        tag="uploads",
        scope="media",
        query=UploadQuery,
        body=BatchName,
        bodies={"multipart/form-data": UploadForm},
        is_body_optional=True,
        answer=Uploaded | UploadedSeveral | BatchStartedView | BatchSummary | BatchSnapshot,
        refusal=400,
        statuses=(400, 404, 408, 409, 413, 415, 422, 507),
    ),
    Endpoint(
        method="POST",
        path="/api/projects/{project}/upload-batch/start",
        handler=start_upload_batch,
        summary="Start a batch of uploads",
        tag="uploads",
        scope="media",
        query=SourceQuery,
        answer=BatchStartedView,
        refusal=400,
        statuses=(400, 404, 422),
    ),
    Endpoint(
        method="POST",
        path="/api/projects/{project}/upload-batch/finalize",
        handler=finalize_upload_batch,
        summary="End a batch of uploads",
        tag="uploads",
        scope="media",
        query=SourceQuery,
        body=BatchName,
        answer=BatchSummary,
        refusal=400,
        statuses=(400, 404, 408, 413, 422),
    ),
    Endpoint(
        method="GET",
        path="/api/projects/{project}/upload-batch/{batch_id}",
        handler=show_upload_batch,
        summary="A batch of uploads as it is now",
        tag="uploads",
        scope="media",
        query=SourceQuery,
        answer=BatchSnapshot,
        refusal=400,
        statuses=(400, 404, 422),
    ),
)
