"""
Which contents need not be sent: asked before an upload, with the hashes of what is to be sent.

The disk is looked at too. What the library knows but the disk has no more is needed again.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from adapters.keeper import FileKeeper
from daemon.engine.views import ViewReader
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.media_lookup import Name, body_of
from daemon.web.media_shapes import Served, served
from daemon.web.services import Services
from projections.errors import Rejected
from projections.media_files import FILES, LibraryFile
from projections.media_sources import Project

HASHES_MAX = 1_000

ROWS_MAX = 20_000
"""Copies, in all projects, of the contents that are asked about."""

Hash = Annotated[str, Meta(pattern="^[0-9a-fA-F]{64}$")]


class ContentCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The SHA-256 of each file that is about to be sent to a project."""

    project: Name
    sha256: Annotated[list[Hash], Meta(max_length=HASHES_MAX)]
    source: Name | None = None


class Present(msgspec.Struct, frozen=True, kw_only=True):
    """A content that is in the project, and where."""

    sha256: str
    relative_path: str
    served: Served


class ContentsChecked(msgspec.Struct, frozen=True, kw_only=True):
    """Which are to be sent, and which are there."""

    needed: list[str]
    present: list[Present]


async def check_uploads(services: Services, request: Request) -> Response:
    """Tells which contents a project lacks; the others need not be sent."""
    require(request, "media")
    body = await body_of(services, request, ContentCheck)
    project = await services.keeper.project(body.source, body.project)
    wanted = list(dict.fromkeys(each.lower() for each in body.sha256))
    copies = await services.views.read(lambda views: _copies(views, project, wanted))
    there: dict[str, str] = {}
    for sha256, rows in copies.items():
        path = await _first_there(services.keeper, rows)
        if path is not None:
            there[sha256] = path
    place = (project.source, project.project)
    present = [
        Present(sha256=sha256, relative_path=path, served=served(request, *place, path=path))
        for sha256, path in there.items()
    ]
    needed = [sha256 for sha256 in wanted if sha256 not in there]
    return json_response(ContentsChecked(needed=needed, present=present))


def _copies(
    views: ViewReader, project: Project, wanted: Sequence[str]
) -> dict[str, list[LibraryFile]]:
    hashes = msgspec.json.encode(wanted).decode()
    found: dict[str, list[LibraryFile]] = {}
    for row in views.find(FILES, "media_of_contents", (hashes, ROWS_MAX)):
        is_here = (row.source, row.project) == (project.source, project.project)
        if is_here and not row.is_gone:
            found.setdefault(row.file.sha256, []).append(row)
    return found


async def _first_there(keeper: FileKeeper, rows: Sequence[LibraryFile]) -> str | None:
    """The path of a copy that the disk really has, untouched since it was read."""
    for row in rows:
        try:
            file = await keeper.open(row.source, row.project, row.file.path)
        except Rejected:
            continue
        file.close()
        status = file.stat
        seen = (status.st_size, status.st_mtime_ns, status.st_ino)
        if seen == (row.file.size_bytes, row.file.mtime_ns, row.file.inode):
            return row.file.path
    return None


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/uploads/check",
        handler=check_uploads,
        summary="Which contents need not be sent",
        tag="uploads",
        scope="media",
        body=ContentCheck,
        answer=ContentsChecked,
        refusal=400,
        statuses=(400, 404, 408, 413, 422),
    ),
)
