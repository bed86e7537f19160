"""
Orders about files that are given for one project, or for assets of several, and how they are told.
"""

from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from adapters.keeper import Moved
from daemon.engine.views import ViewReader
from daemon.web.media_lookup import SOURCE, file_at
from daemon.web.problems import HTTPProblem
from daemon.web.services import Services
from projections.media_commands import TagFiles
from projections.media_decisions import FILES_PER_EVENT_MAX
from projections.media_files import LibraryFile
from projections.media_names import TAG_CHARACTERS_MAX, is_tag, normal_tags
from projections.media_sources import Project

TAGS_MAX = 100
"""Tags that one request may put on or take off."""


class Step(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A file that changed its place."""

    from_: str
    to: str


class MovedView(msgspec.Struct, frozen=True, kw_only=True):
    """
    What became of files that were to be moved. Of `duplicates` the target had the same content
    already; the file itself is in the trash now.
    """

    status: str
    moved: list[Step]
    duplicates: tuple[str, ...]
    missing: tuple[str, ...]


class TagsView(msgspec.Struct, frozen=True, kw_only=True):
    """The tags of a file; there are no derived ones."""

    manual: tuple[str, ...]
    derived: tuple[str, ...] = ()


class TaggedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file and its tags from now on."""

    relative_path: str
    sha256: str
    tags: TagsView


class Tagged(msgspec.Struct, frozen=True, kw_only=True):
    """Which files have which tags now, and which files were not there."""

    status: str
    updated: list[TaggedFile]
    missing: list[str]


def steps(moved: Moved) -> list[Step]:
    """Where each file went."""
    return [Step(from_=path, to=to) for path, to in moved.moved.items()]


def moved_view(moved: Moved) -> MovedView:
    """The outcome of moving, told."""
    return MovedView(
        status="ok", moved=steps(moved), duplicates=moved.duplicates, missing=moved.missing
    )


async def tag_files(
    services: Services,
    project: Project,
    paths: Sequence[str],
    *,
    add: Sequence[str],
    remove: Sequence[str],
    user: str,
) -> Tagged:
    """
    Puts tags on files and takes tags off.

    Raises:
        HTTPProblem: 400, there are no tags, too many, or one that can be none.
    """
    added, removed = checked_tags(add), checked_tags(remove)
    if not added and not removed:
        raise HTTPProblem(400, "add_tags or remove_tags is required", hint="Name one tag at least.")
    updated: list[TaggedFile] = []
    for some in _chunks(paths):
        await services.writer.submit(
            TagFiles(
                source=SOURCE,
                actor=user,
                media_source=project.source,
                project=project.project,
                paths=some,
                add=added,
                remove=removed,
            )
        )
        found = await services.views.read(partial(_rows, project, some))
        updated += [_tagged(row) for row in found]
    known = {each.relative_path for each in updated}
    missing = [path for path in paths if path not in known]
    return Tagged(status="ok", updated=updated, missing=missing)


def checked_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """
    Tags in normal form.

    Raises:
        HTTPProblem: 400, one of them can be none, or they are too many.
    """
    if len(tags) > TAGS_MAX:
        raise HTTPProblem(400, f"More than {TAGS_MAX} tags at once.", hint="Send several requests.")
    normal = normal_tags(list(tags))
    for tag in normal:
        if not is_tag(tag):
            message = f"The tag {tag[:TAG_CHARACTERS_MAX]!r} cannot be kept."
            hint = f"A tag has up to {TAG_CHARACTERS_MAX} printable characters."
            raise HTTPProblem(400, message, hint=hint)
    return normal


def _chunks(paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(paths), FILES_PER_EVENT_MAX):
        yield tuple(paths[start : start + FILES_PER_EVENT_MAX])


def _rows(project: Project, paths: Sequence[str], views: ViewReader) -> list[LibraryFile]:
    found = (file_at(views, project.source, project.project, path=path) for path in paths)
    return [row for row in found if row is not None]


def _tagged(row: LibraryFile) -> TaggedFile:
    return TaggedFile(
        relative_path=row.file.path, sha256=row.file.sha256, tags=TagsView(manual=row.file.tags)
    )
