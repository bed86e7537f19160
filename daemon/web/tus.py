"""
Resumable uploads: a server of tus 1.0.0 (tus.io) at `/api/uploads`.

A file is announced, then comes in as many requests as it takes, over as many connections. When the
last byte is there it is put into its project like any other upload; the answer to the request that
brought it says where. Whoever missed that answer learns the same from HEAD.
"""

from functools import wraps
from typing import Annotated
from urllib.parse import quote

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from adapters.keeper import Upload
from daemon.web import tus_protocol as protocol
from daemon.web.batches import check_batch
from daemon.web.endpoint import Endpoint, Handler, require
from daemon.web.problems import HTTPProblem, problem_response
from daemon.web.services import Services
from daemon.web.tus_parts import add_first_part, add_part, finish
from projections.errors import PlayheadError
from projections.media_names import check_file_name

PATH = "/api/uploads"

Text = Annotated[str, Meta(max_length=protocol.METADATA_CHARACTERS_MAX)]
Version = Annotated[str, Meta(pattern=r"^1\.0\.0$")]
Bytes = Annotated[str, Meta(pattern="^[0-9]{1,18}$")]


class Announcing(msgspec.Struct, frozen=True, kw_only=True):
    """
    What tus asks of a client that announces a file. Upload-Metadata has `filename` and `project`,
    and may have `source`, `mtime` (milliseconds since 1970, as a browser's File.lastModified),
    `sha256` (of the whole file, which is then checked) and `batch_id`.
    """

    version: Version = msgspec.field(name="Tus-Resumable")
    length: Bytes = msgspec.field(name="Upload-Length")
    metadata: Text = msgspec.field(name="Upload-Metadata")
    checksum: Text | None = msgspec.field(name="Upload-Checksum", default=None)


class Adding(msgspec.Struct, frozen=True, kw_only=True):
    """What tus asks of a client that adds to a file: where its bytes belong."""

    version: Version = msgspec.field(name="Tus-Resumable")
    offset: Bytes = msgspec.field(name="Upload-Offset")
    checksum: Text | None = msgspec.field(name="Upload-Checksum", default=None)


class Speaking(msgspec.Struct, frozen=True, kw_only=True):
    """Which tus the client speaks."""

    version: Version = msgspec.field(name="Tus-Resumable")


class Overriding(msgspec.Struct, frozen=True, kw_only=True):
    """Which method is meant, by a client that can only send POST."""

    method: Annotated[str, Meta(pattern="^(HEAD|PATCH|DELETE)$")] = msgspec.field(
        name="X-HTTP-Method-Override"
    )
    version: Version = msgspec.field(name="Tus-Resumable")


def _spoken(handler: Handler) -> Handler:
    """The same handler, for clients of our version; every answer says which that is."""

    @wraps(handler)
    async def answered(services: Services, request: Request) -> Response:
        try:
            protocol.check_version(request.headers.get("tus-resumable"))
            response = await handler(services, request)
        except PlayheadError as error:
            response = problem_response(error, refusal=400)
        response.headers.update(protocol.RESUMABLE)
        return response

    return answered


async def tus_options(services: Services, request: Request) -> Response:
    """Tells which version and extensions of tus are offered, and how large a file may be."""
    require(request, "media")
    headers = protocol.RESUMABLE | {
        "Tus-Version": protocol.VERSION,
        "Tus-Extension": ",".join(protocol.EXTENSIONS),
        "Tus-Checksum-Algorithm": ",".join(protocol.ALGORITHMS),
        "Tus-Max-Size": str(services.settings.media.upload_bytes_max),
    }
    return Response(status_code=204, headers=headers)


@_spoken
async def announce_upload(services: Services, request: Request) -> Response:
    """
    Announces a file that will come in parts; Location says where they are to be sent. A body is
    taken as the first part, or all of it.
    """
    user = require(request, "media").user
    size_max = services.settings.media.upload_bytes_max
    size = protocol.upload_length(request.headers, size_max=size_max)
    wanted = protocol.announcement(request.headers.get("upload-metadata", ""))
    expected = protocol.checksum(request.headers.get("upload-checksum"))
    has_body = _has_body(request)
    if has_body:
        protocol.check_type(request.headers.get("content-type"))
    name = check_file_name(wanted.name)
    project = await services.keeper.project(wanted.source, wanted.project)
    await check_batch(services, wanted.batch, project)
    upload = await services.keeper.open_upload(
        project.source,
        project.project,
        name=name,
        size_bytes=size,
        metadata=wanted.text,
        mtime_ns=wanted.mtime_ns,
        sha256=wanted.sha256,
        batch=wanted.batch,
        actor=user,
    )
    if has_body or not size:
        upload = await add_first_part(services, request, upload, expected=expected)
    location = {"Location": f"{PATH}/{upload.announced.id}"}
    return Response(status_code=201, headers=location | _progress(upload))


def _has_body(request: Request) -> bool:
    length = request.headers.get("content-length", "0")
    return length != "0" or "transfer-encoding" in request.headers


@_spoken
async def upload_offset(services: Services, request: Request) -> Response:
    """Tells how much of an announced file is there, and once it is complete, where."""
    user = require(request, "media").user
    upload_id = request.path_params["upload_id"]
    upload = await services.keeper.upload(upload_id, actor=user)
    if await services.transfers.end_still(upload_id):
        upload = await services.keeper.upload(upload_id, actor=user)
    if upload.end is None and upload.offset_bytes == upload.announced.size_bytes:
        # It is being placed, or that was missed: a client must not take it for done until it is.
        await services.transfers.end(upload_id)
        upload = await finish(services, upload_id, user)
    headers = {
        "Upload-Length": str(upload.announced.size_bytes),
        "Upload-Metadata": upload.announced.metadata,
        "Cache-Control": "no-store",
    }
    return Response(status_code=200, headers=headers | _progress(upload))


@_spoken
async def add_to_upload(services: Services, request: Request) -> Response:
    """
    Adds the next bytes to an announced file. With the last of them it is put into its project:
    Playhead-Result is then `stored` or `duplicate`, and Playhead-Path its percent-encoded path.
    """
    require(request, "media")
    protocol.check_type(request.headers.get("content-type"))
    offset = protocol.upload_offset(request.headers)
    expected = protocol.checksum(request.headers.get("upload-checksum"))
    upload_id = request.path_params["upload_id"]
    upload = await add_part(services, request, upload_id, offset=offset, expected=expected)
    return Response(status_code=204, headers=_progress(upload))


def _progress(upload: Upload) -> dict[str, str]:
    """How far an upload has come, as headers."""
    headers = {"Upload-Offset": str(upload.offset_bytes)}
    if upload.end is None:
        return headers | {"Upload-Expires": protocol.http_date(upload.expires_ns)}
    return headers | {"Playhead-Result": upload.end, "Playhead-Path": quote(upload.path)}


@_spoken
async def give_up_upload(services: Services, request: Request) -> Response:
    """Gives an announced file up, with what came of it. One that is complete stays."""
    user = require(request, "media").user
    upload_id = request.path_params["upload_id"]
    upload = await services.keeper.upload(upload_id, actor=user)
    if upload.end is not None:
        hint = "Throw the file away where it is now: Playhead-Path of HEAD tells it."
        raise HTTPProblem(410, "The upload is complete, nothing of it can be given up.", hint=hint)
    await services.transfers.end(upload_id)
    await services.keeper.terminate(upload_id, actor=user)
    return Response(status_code=204)


OVERRIDDEN: dict[str, Handler] = {
    "HEAD": upload_offset,
    "PATCH": add_to_upload,
    "DELETE": give_up_upload,
}


async def override_upload_method(services: Services, request: Request) -> Response:
    """Does what X-HTTP-Method-Override says, for clients that can only send GET and POST."""
    require(request, "media")
    method = request.headers.get("x-http-method-override", "").upper()
    handler = OVERRIDDEN.get(method)
    if handler is None:
        hint = f"Send X-HTTP-Method-Override with one of {', '.join(OVERRIDDEN)}."
        sentence = "A POST to an upload has to say which method is meant."
        raise HTTPProblem(400, sentence, hint=hint, headers=protocol.RESUMABLE)
    return await handler(services, request)


COMMON = (400, 412)

ENDPOINTS = (
    Endpoint(
        method="OPTIONS",
        path=PATH,
        handler=tus_options,
        summary="Which tus is spoken here",
        tag="uploads",
        scope="media",
        status=204,
        answer_type="",
    ),
    Endpoint(
        method="POST",
        path=PATH,
        handler=announce_upload,
        summary="Announce a file that comes in parts (tus)",
        tag="uploads",
        scope="media",
        headers=Announcing,
        bodies={protocol.OFFSET_TYPE: bytes},
        is_body_optional=True,
        status=201,
        answer_type="",
        statuses=(*COMMON, 404, 408, 409, 413, 415, 423, 460, 507),
    ),
    Endpoint(
        method="HEAD",
        path=PATH + "/{upload_id}",
        handler=upload_offset,
        summary="How much of a file has come (tus)",
        tag="uploads",
        scope="media",
        headers=Speaking,
        answer_type="",
        statuses=(*COMMON, 404, 409, 423, 507),
    ),
    Endpoint(
        method="PATCH",
        path=PATH + "/{upload_id}",
        handler=add_to_upload,
        summary="Add to a file (tus)",
        tag="uploads",
        scope="media",
        headers=Adding,
        bodies={protocol.OFFSET_TYPE: bytes},
        status=204,
        answer_type="",
        statuses=(*COMMON, 404, 408, 409, 413, 415, 423, 460, 507),
    ),
    Endpoint(
        method="DELETE",
        path=PATH + "/{upload_id}",
        handler=give_up_upload,
        summary="Give up a file that was announced (tus)",
        tag="uploads",
        scope="media",
        headers=Speaking,
        status=204,
        answer_type="",
        statuses=(*COMMON, 404, 409, 410),
    ),
    Endpoint(
        method="POST",
        path=PATH + "/{upload_id}",
        handler=override_upload_method,
        summary="HEAD, PATCH or DELETE by another name (tus)",
        tag="uploads",
        scope="media",
        headers=Overriding,
        bodies={protocol.OFFSET_TYPE: bytes},
        is_body_optional=True,
        status=204,
        answer_type="",
        plain={200: None},
        statuses=(*COMMON, 404, 408, 409, 410, 413, 415, 423, 460, 507),
    ),
)
