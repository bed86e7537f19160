"""
From references to assets (a UUID, an id or a path in a project) to the files they mean.
"""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from daemon.engine.views import ViewReader
from daemon.web.media_lookup import FILES_MAX, PATHS_MAX, Name, copies_of, tuples
from daemon.web.problems import HTTPProblem
from daemon.web.registry import content_named
from daemon.web.services import Services
from projections.errors import Conflict, NotFound
from projections.media_names import asset_uuid, check_relative
from projections.media_sources import Project


class AssetRef(msgspec.Struct, frozen=True, kw_only=True):
    """
    A file of a project. `asset_uuid` counts before `asset_id`, which counts before `relative_path`;
    where several files have the same content, the path says which of them is meant.
    """

    project: Name
    source: Name | None = None
    relative_path: str | None = None
    asset_id: str | None = None
    asset_uuid: str | None = None


AssetRefs = Annotated[tuple[AssetRef, ...], Meta(max_length=PATHS_MAX)]


class Asset(msgspec.Struct, frozen=True):
    """The project a reference means, and the path in it."""

    project: Project
    path: str


async def resolve_refs(services: Services, refs: Sequence[AssetRef]) -> list[Asset]:
    """
    What some references mean, in their order.

    Raises:
        HTTPProblem: 400, there are none, or one names nothing.
        NotFound: there is no such project, or no file of that content in it.
        Conflict: several files have the content.
    """
    if not refs:
        hint = 'Send {"assets": [{"project": "…", "relative_path": "…"}]}.'
        raise HTTPProblem(400, "assets is required", hint=hint)
    projects: dict[tuple[str | None, str], Project] = {}
    for ref in refs:
        where = (ref.source, ref.project)
        if where not in projects:
            projects[where] = await services.keeper.project(*where)
    return await services.views.read(partial(_resolved, refs, projects))


def grouped(assets: Sequence[Asset]) -> list[tuple[Project, list[str]]]:
    """The paths by project, in the order in which each project is first named, each path once."""
    groups: dict[tuple[str, str], tuple[Project, dict[str, None]]] = {}
    for asset in assets:
        where = (asset.project.source, asset.project.project)
        groups.setdefault(where, (asset.project, {}))[1][asset.path] = None
    return [(project, list(paths)) for project, paths in groups.values()]


def _resolved(
    refs: Sequence[AssetRef], projects: dict[tuple[str | None, str], Project], views: ViewReader
) -> list[Asset]:
    contents = _Contents(views)
    return [
        _resolved_one(ref, projects[ref.source, ref.project], contents=contents) for ref in refs
    ]


def _resolved_one(ref: AssetRef, project: Project, *, contents: "_Contents") -> Asset:
    path = check_relative(ref.relative_path) if ref.relative_path else None
    wanted_uuid = _uuid(ref.asset_uuid)
    sha256 = content_named(ref.asset_id or "")
    if wanted_uuid is not None:
        sha256 = contents.of_uuid(project, wanted_uuid)
        return Asset(project, _only(contents.paths(project, sha256), path, "asset_uuid"))
    if sha256 is not None:
        return Asset(project, _only(contents.paths(project, sha256), path, "asset_id"))
    if path is None:
        hint = "Name the file by one of the three."
        message = "AssetRef requires relative_path, asset_id, or asset_uuid"
        raise HTTPProblem(400, message, hint=hint)
    return Asset(project, path)


def _uuid(text: str | None) -> str | None:
    """The UUID in its usual form; what is none counts as absent, as it always did."""
    try:
        return str(uuid.UUID((text or "").strip()))
    except ValueError:
        return None


def _only(paths: list[str], wanted: str | None, what: str) -> str:
    if not paths:
        hint = "Reindex the project if the file was put there by hand a moment ago."
        raise NotFound(f"{what} could not be resolved in project index", hint=hint)
    if wanted in paths:
        assert wanted is not None
        return wanted
    if len(paths) > 1:
        message = f"{what} matches multiple files in project"
        raise Conflict(message, hint="Provide relative_path to say which of them is meant.")
    return paths[0]


class _Contents:
    """The contents of projects, looked up once for many references."""

    def __init__(self, views: ViewReader) -> None:
        self._views = views
        self._by_uuid: dict[tuple[str, str], dict[str, str]] = {}
        self._by_sha256: dict[str, dict[tuple[str, str], list[str]]] = {}

    def of_uuid(self, project: Project, wanted: str) -> str:
        """The content with a UUID; empty when the project has none such."""
        where = (project.source, project.project)
        known = self._by_uuid.get(where)
        if known is None:
            parameters = {"source": where[0], "project": where[1], "limit": FILES_MAX}
            found = tuples(self._views, "contents_of_project", parameters)
            known = self._by_uuid[where] = {asset_uuid(sha256): sha256 for (sha256,) in found}
        return known.get(wanted, "")

    def paths(self, project: Project, sha256: str) -> list[str]:
        """Where a content lies in a project."""
        known = self._by_sha256.get(sha256)
        if known is None:
            known = self._by_sha256[sha256] = defaultdict(list)
            for row in copies_of(self._views, sha256):
                known[row.source, row.project].append(row.file.path)
        return known.get((project.source, project.project), [])
