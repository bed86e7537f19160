"""
The registry: from a content, or an old path or URL, to the place where it lies now.
"""

import re
from typing import Annotated
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from daemon.engine.views import ViewReader
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.media_lookup import body_of, copies_of, enabled_sources, file_at
from daemon.web.problems import HTTPProblem
from daemon.web.records import RegistryRecord, registry_record
from daemon.web.services import Services
from projections.errors import NotFound
from projections.media_files import LibraryFile
from projections.media_names import asset_id

ASSETS_MAX = 10_000

MARK = "sha256:"
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class ResolveBody(msgspec.Struct, frozen=True, kw_only=True):
    """
    What to look for: contents by `asset_ids` (`sha256:…` or the bare hash), and by any key a URL of
    ours, `/media/project/path` or `project/path`.
    """

    asset_ids: Annotated[tuple[str, ...], Meta(max_length=ASSETS_MAX)] = ()
    fallback_paths: Annotated[dict[str, str], Meta(max_length=ASSETS_MAX)] = {}


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, by asset id or key, and what was not."""

    results: dict[str, RegistryRecord]
    missing: list[str]


class Place(msgspec.Struct, frozen=True):
    """Where an old path points; `source` is empty when it does not say."""

    project: str
    path: str
    source: str


async def get_asset(services: Services, request: Request) -> Response:
    """Tells where a content lies: the first place, by source, project and path."""
    require(request, "media")
    sha256 = content_named(request.path_params["sha256"])
    if sha256 is None:
        hint = "Give 64 hex digits, with or without `sha256:` before them."
        raise HTTPProblem(400, "sha256 must be bare 64-char hex", hint=hint)
    row = await services.views.read(lambda views: _first_copy(views, sha256))
    if row is None:
        raise NotFound("Asset not found", hint="GET /api/library lists what there is.")
    return json_response(registry_record(row))


async def resolve_assets(services: Services, request: Request) -> Response:
    """Tells where many contents lie, and what many old paths have become."""
    require(request, "media")
    body = await body_of(services, request, ResolveBody)

    def read(views: ViewReader) -> Resolved:
        results: dict[str, RegistryRecord] = {}
        missing: list[str] = []
        for text in body.asset_ids:
            sha256 = content_named(text)
            key = text if sha256 is None else asset_id(sha256)
            _note(results, missing, key, None if sha256 is None else _first_copy(views, sha256))
        for key, text in body.fallback_paths.items():
            place = place_named(text)
            _note(results, missing, key, None if place is None else _at(views, place))
        return Resolved(results=results, missing=missing)

    return json_response(await services.views.read(read))


def _note(
    results: dict[str, RegistryRecord], missing: list[str], key: str, row: LibraryFile | None
) -> None:
    if row is None:
        missing.append(key)
    else:
        results[key] = registry_record(row)


def content_named(text: str) -> str | None:
    """The hash in an asset id, or a bare one; None if it is neither."""
    candidate = text.strip().removeprefix(MARK)
    return candidate.lower() if _SHA256.fullmatch(candidate) else None


def place_named(text: str) -> Place | None:
    """Where an old URL or path points, as far as can be told without looking."""
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return None
    path = unquote(parts.path).lstrip("/")
    is_url = path.startswith("media/")
    project, _, rest = path.removeprefix("media/").partition("/")
    if is_url:
        rest = rest.removeprefix("download/")
    if not project or not rest:
        return None
    source = parse_qs(parts.query).get("source", [""])[0]
    return Place(project, rest, source)


def _first_copy(views: ViewReader, sha256: str) -> LibraryFile | None:
    names = {source.name for source in enabled_sources(views)}
    return next((row for row in copies_of(views, sha256) if row.source in names), None)


def _at(views: ViewReader, place: Place) -> LibraryFile | None:
    names = [source.name for source in enabled_sources(views)]
    found = (
        file_at(views, name, place.project, path=place.path)
        for name in names
        if place.source in {"", name}
    )
    return next((row for row in found if row is not None), None)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/registry/{sha256}",
        handler=get_asset,
        summary="Where a content lies",
        tag="registry",
        scope="media",
        answer=RegistryRecord,
        statuses=(400, 404),
    ),
    Endpoint(
        method="POST",
        path="/api/registry/resolve",
        handler=resolve_assets,
        summary="Where many contents lie",
        tag="registry",
        scope="media",
        body=ResolveBody,
        answer=Resolved,
        statuses=(400, 408, 413, 422),
    ),
)
