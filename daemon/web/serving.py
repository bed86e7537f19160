"""
Files of projects to play and to fetch, and their small pictures.

What is served is decided by the keeper, on an open file: nothing outside of a project, nothing
hidden, none of our own files. How it is served is `file_response`'s.
"""

import os
import re
from pathlib import Path
from typing import Literal

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from adapters.keeper import OpenFile, Picture
from daemon.engine.views import ViewReader
from daemon.web.bodies import decode_query
from daemon.web.endpoint import Endpoint, require
from daemon.web.file_response import FileResponse, Offer
from daemon.web.media_lookup import SourceQuery, file_at
from daemon.web.media_types import Disposition
from daemon.web.problems import HTTPProblem
from daemon.web.services import Services
from projections.errors import NotFound
from projections.media_files import LibraryFile

FOREVER = "private, max-age=31536000, immutable"
"""The picture of a content never changes."""

DOWNLOAD = "download"

PLACEHOLDERS: dict[str, str] = {
    "pending": "M270 180a50 50 0 1 1 100 0a50 50 0 1 1-100 0M320 150v30l22 14",
    "none": "M260 130h120v100h-120z",
    "failed": "M285 145l70 70M355 145l-70 70",
}
"""What is drawn in place of a picture: a clock, an empty frame, a cross."""

_NAME = re.compile(r"([0-9a-fA-F]{64})\.jpe?g")


async def stream_media(services: Services, request: Request) -> Response:
    """Gives a file of a project to play or show, whole or in parts."""
    require(request, "media")
    return await _file(services, request, request.path_params["path"], disposition="inline")


async def download_media(services: Services, request: Request) -> Response:
    """Gives a file of a project to be saved under its name."""
    require(request, "media")
    path = request.path_params["path"]
    try:
        return await _file(services, request, path, disposition="attachment")
    except NotFound:
        # The same address names a file to be played in a folder of this name.
        if not await _is_there(services, request, f"{DOWNLOAD}/{path}"):
            raise
    return await _file(services, request, f"{DOWNLOAD}/{path}", disposition="inline")


async def _is_there(services: Services, request: Request, path: str) -> bool:
    source = decode_query(request, SourceQuery).source
    try:
        file = await services.keeper.open(source, request.path_params["project"], path)
    except NotFound:
        return False
    file.close()
    return True


async def _file(
    services: Services, request: Request, path: str, *, disposition: Disposition
) -> Response:
    source = decode_query(request, SourceQuery).source
    project = request.path_params["project"]
    name = (await services.keeper.source(source)).name
    row = await services.views.read(lambda views: _row(views, name, project, path=path))
    file = await services.keeper.open(name, project, path)
    known = row is not None and _is_untouched(row, file)
    offer = Offer(
        name=path.rpartition("/")[2],
        disposition=disposition,
        sha256=row.file.sha256 if row is not None and known else None,
    )
    now_ns = services.clock.now_ns()
    return FileResponse(request, file.detach(), file.stat, offer=offer, now_ns=now_ns)


def _row(views: ViewReader, source: str, project: str, *, path: str) -> LibraryFile | None:
    return file_at(views, source, project, path=path)


def _is_untouched(row: LibraryFile, file: OpenFile) -> bool:
    """Whether the hash that is known of a file is still that of its bytes."""
    status = file.stat
    seen = (status.st_size, status.st_mtime_ns, status.st_ino)
    return seen == (row.file.size_bytes, row.file.mtime_ns, row.file.inode)


async def thumbnail(services: Services, request: Request) -> Response:
    """
    Gives the small picture of a content, `<sha256>.jpg`. While there is none it is a drawing, and
    X-Thumb-Status says why: `pending`, `none` or `failed`.
    """
    require(request, "media")
    source = decode_query(request, SourceQuery).source
    name = _NAME.fullmatch(request.path_params["name"])
    if name is None:
        hint = "Ask for <sha256>.jpg, as thumb_url of a file says."
        raise HTTPProblem(400, "This is no name of a thumbnail.", hint=hint)
    sha256 = name[1].lower()
    picture = await services.keeper.picture(source, request.path_params["project"], sha256)
    opened = await anyio.to_thread.run_sync(_opened, picture)
    if opened is None:
        return placeholder("pending" if picture.status == "made" else picture.status)
    offer = Offer(name=f"{sha256}.jpg", content_type="image/jpeg", cache_control=FOREVER)
    now_ns = services.clock.now_ns()
    return FileResponse(request, *opened, offer=offer, now_ns=now_ns)


def _opened(picture: Picture) -> tuple[int, os.stat_result] | None:
    """The file of a picture; None too when somebody emptied the cache a moment ago."""
    if picture.status != "made" or picture.file is None:
        return None
    return _open(picture.file)


def _open(path: Path) -> tuple[int, os.stat_result] | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    return descriptor, os.fstat(descriptor)


def placeholder(status: Literal["pending", "none", "failed"]) -> Response:
    """A drawing where a picture would be. Nobody keeps it, so that the picture is seen at once."""
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 360" width="640" height="360">'
        '<rect width="640" height="360" fill="#24262d"/>'
        f'<path d="{PLACEHOLDERS[status]}" fill="none" stroke="#8b90a0" stroke-width="8"'
        ' stroke-linecap="round" stroke-linejoin="round"/></svg>'
    )
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Thumb-Status": status,
    }
    return Response(drawing, headers=headers, media_type="image/svg+xml")


PARTS = {206: bytes, 304: None}

ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/media/{project}/download/{path:path}",
        handler=download_media,
        summary="A file to save",
        tag="media",
        scope="media",
        query=SourceQuery,
        answer=bytes,
        answer_type="*/*",
        refusal=400,
        plain=PARTS,
        statuses=(400, 404, 412, 416, 422),
    ),
    Endpoint(
        method="GET",
        path="/media/{project}/{path:path}",
        handler=stream_media,
        summary="A file to play",
        tag="media",
        scope="media",
        query=SourceQuery,
        answer=bytes,
        answer_type="*/*",
        refusal=400,
        plain=PARTS,
        statuses=(400, 404, 412, 416, 422),
    ),
    Endpoint(
        method="GET",
        path="/thumbnails/{project}/{name}",
        handler=thumbnail,
        summary="The small picture of a file",
        tag="media",
        scope="media",
        query=SourceQuery,
        answer=bytes,
        answer_type="image/*",
        refusal=400,
        plain=PARTS,
        statuses=(400, 404, 412, 416, 422),
    ),
)
