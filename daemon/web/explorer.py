"""
The explorer: a web page over the same interface that everybody else uses. Its files are part of the
package and are served as they are; nothing is built, nothing comes from elsewhere.
"""

import hashlib
from functools import lru_cache
from http import HTTPStatus
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from daemon.web.conditions import Validators, judge
from daemon.web.endpoint import Endpoint, Handler
from daemon.web.problems import HTTPProblem
from daemon.web.services import Services
from projections.envelope import NANOS_PER_SECOND

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self';"
    " script-src 'self'; connect-src 'self'; frame-ancestors 'none'"
)
"""Nothing of another server, and no code that stands in the page itself."""

INDEX = "index.html"

TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/vnd.microsoft.icon",
    "woff2": "font/woff2",
    "webmanifest": "application/manifest+json",
    "txt": "text/plain; charset=utf-8",
}
"""A file of another type is a mistake, and not served."""

DEPTH_MAX = 4
"""Folders inside one another."""


class StaticFile(NamedTuple):
    """A file of the page as it is sent."""

    data: bytes
    kind: str
    etag: str


async def explorer(services: Services, request: Request) -> Response:
    """Gives the page."""
    return await _sent(services, request, INDEX)


async def static_file(services: Services, request: Request) -> Response:
    """Gives a file that the page is made of."""
    return await _sent(services, request, request.path_params["path"])


async def old_explorer(services: Services, request: Request) -> Response:
    """Leads from where media-sync-api had its page to where ours is."""
    return Response(status_code=308, headers={"Location": "/"})


async def old_index(services: Services, request: Request) -> Response:
    """Leads from another old address of the page to where it is."""
    return await old_explorer(services, request)


async def index_html(services: Services, request: Request) -> Response:
    """Leads from the page's file name to the page."""
    return await old_explorer(services, request)


async def _sent(services: Services, request: Request, name: str) -> Response:
    found = (await anyio.to_thread.run_sync(page_files)).get(name)
    if found is None:
        hint = "The page is at /."
        raise HTTPProblem(404, f"The page has no file {name[:100]!r}.", hint=hint)
    now_s = services.clock.now_ns() // NANOS_PER_SECOND
    validators = Validators(etag=found.etag, modified_s=0, now_s=now_s)
    headers = {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": POLICY,
        "ETag": found.etag,
    }
    known = {name: request.headers[name] for name in ("if-none-match",) if name in request.headers}
    if judge(request.method, known, validators) is HTTPStatus.NOT_MODIFIED:
        return Response(status_code=304, headers=headers)
    return Response(found.data, headers=headers | {"Content-Type": found.kind})


@lru_cache(maxsize=1)
def page_files() -> dict[str, StaticFile]:
    """All files of the page, by their paths; they are few and small."""
    return dict(_files_in(files("daemon.web") / "static", "", DEPTH_MAX))


def _files_in(folder: Traversable, prefix: str, depth_max: int) -> "list[tuple[str, StaticFile]]":
    found: list[tuple[str, StaticFile]] = []
    for entry in folder.iterdir():
        kind = TYPES.get(entry.name.rpartition(".")[2])
        if entry.is_dir() and depth_max:
            found += _files_in(entry, f"{prefix}{entry.name}/", depth_max - 1)
        elif kind is not None and entry.is_file():
            data = entry.read_bytes()
            etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
            found.append((prefix + entry.name, StaticFile(data, kind, etag)))
    return found


def _moved(path: str, handler: Handler) -> Endpoint:
    return Endpoint(
        method="GET",
        path=path,
        handler=handler,
        summary="Where the page was",
        tag="explorer",
        scope=None,
        status=308,
        answer_type="",
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/",
        handler=explorer,
        summary="The explorer",
        tag="explorer",
        scope=None,
        answer_type="text/html",
        plain={304: None},
    ),
    Endpoint(
        method="GET",
        path="/static/{path:path}",
        handler=static_file,
        summary="A file of the explorer",
        tag="explorer",
        scope=None,
        answer=bytes,
        answer_type="*/*",
        plain={304: None},
        statuses=(404,),
    ),
    _moved("/index.html", index_html),
    _moved("/public/index.html", old_index),
    _moved("/public/explorer.html", old_explorer),
)
