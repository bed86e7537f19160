"""
Files of the library as HTTP tells of them: in the words of media-sync-api, and in our own.
"""

from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from starlette.requests import Request

from projections.media_facts import Facts
from projections.media_files import LibraryFile, TrashedFile, created_ns
from projections.media_index import index_entry
from projections.media_names import asset_id, asset_uuid
from projections.moments import moment_text

PICTURED = frozenset({"video", "image"})
"""Kinds that have a thumbnail, or may have one."""

PLACES_REMEMBERED_MAX = 1_000
"""A page is of a few projects; their part of the links is made once."""


NO_FACTS = Facts()


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """Where a file can be had: whole URLs."""

    stream_url: str
    download_url: str


class LibraryItem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One file. `created_at` is when it was shot, as far as known; sizes in bytes."""

    source: str
    project: str
    relative_path: str
    name: str
    kind: str
    size: int
    sha256: str
    asset_id: str
    asset_uuid: str
    created_at: str
    added_at: str
    origin: str
    tags: tuple[str, ...]
    duration_s: float | None
    width: int | None
    height: int | None
    fps: float | None
    video_codec: str
    audio_codec: str
    stream_url: str
    download_url: str
    thumb_url: str | None
    seq: int


@lru_cache(maxsize=PLACES_REMEMBERED_MAX)
def _project_path(source: str, project: str) -> tuple[str, str]:
    """The beginning and the end of the links to the files of a project."""
    return quote(project, safe=""), urlencode({"source": source})


def media_paths(source: str, project: str, path: str) -> tuple[str, str]:
    """Where a file is played from, and where it is fetched from as an attachment; no host."""
    folder, query = _project_path(source, project)
    name = quote(path)
    return f"/media/{folder}/{name}?{query}", f"/media/{folder}/download/{name}?{query}"


def thumb_path(row: LibraryFile | TrashedFile) -> str | None:
    """Where a file's picture is, if it has one or may get one."""
    facts = row.file.facts
    if row.file.kind not in PICTURED and (facts is None or facts.thumbnail != "made"):
        return None
    folder, query = _project_path(row.source, row.project)
    return f"/thumbnails/{folder}/{row.file.sha256}.jpg?{query}"


def base_url(request: Request) -> str:
    """How the caller reaches the daemon, as its Host header says."""
    return f"{request.url.scheme}://{request.headers.get('host', '')}"


def served(request: Request, source: str, project: str, *, path: str) -> Served:
    """Whole URLs of a file."""
    base = base_url(request)
    stream_url, download_url = media_paths(source, project, path)
    return Served(stream_url=base + stream_url, download_url=base + download_url)


def library_item(row: LibraryFile) -> LibraryItem:
    """A file in our words."""
    file = row.file
    facts = file.facts or NO_FACTS
    stream_url, download_url = media_paths(row.source, row.project, file.path)
    return LibraryItem(
        source=row.source,
        project=row.project,
        relative_path=file.path,
        name=file.path.rpartition("/")[2],
        kind=file.kind,
        size=file.size_bytes,
        sha256=file.sha256,
        asset_id=asset_id(file.sha256),
        asset_uuid=asset_uuid(file.sha256),
        created_at=moment_text(created_ns(file)),
        added_at=moment_text(file.added_ns),
        origin=facts.origin,
        tags=file.tags,
        duration_s=facts.duration_s,
        width=facts.width,
        height=facts.height,
        fps=facts.fps,
        video_codec=facts.video_codec,
        audio_codec=facts.audio_codec,
        stream_url=stream_url,
        download_url=download_url,
        thumb_url=thumb_path(row),
        seq=row.seq,
    )


def media_entry(row: LibraryFile) -> dict[str, Any]:
    """A file as media-sync-api lists it: its index entry, links and names."""
    entry = index_entry(row)
    stream_url, download_url = media_paths(row.source, row.project, row.file.path)
    entry |= {
        "stream_url": stream_url,
        "download_url": download_url,
        "asset_id": asset_id(row.file.sha256),
        "asset_uuid": asset_uuid(row.file.sha256),
        "kind": row.file.kind,
        "tags": {"manual": list(row.file.tags), "derived": []},
    }
    picture = thumb_path(row)
    return entry if picture is None else entry | {"thumb_url": picture}
