"""
Where a source's files are: from its name to a root directory that can be reached.
"""

from functools import partial
from pathlib import Path

import anyio.to_thread

from adapters.disk.errors import Missing, Unreachable
from adapters.files.roots import Root
from adapters.files.settings import FileSettings
from adapters.ports import Desk
from projections.commands import Command
from projections.errors import NotFound, Rejected
from projections.fold import Views
from projections.media_sources import PRIMARY, PROJECTS, SOURCES, Project, Source

SOURCES_MAX = 1_000


class Places:
    """
    The root directories of all sources.

    Args:
        desk: where the sources are looked up.
        settings: under which directories sources may lie.
    """

    def __init__(self, desk: Desk, settings: FileSettings) -> None:
        self._desk = desk
        self._settings = settings
        self._roots: dict[tuple[str, str], Root] = {}
        self._known: dict[str, Source] = {}
        """Each upload and each page asks for them; only through `change` do they change."""
        self._changes = 0

    async def change(self, command: Command) -> None:
        """
        Has the list of sources changed. Every such command goes this way.

        Raises:
            PlayheadError: it was refused.
        """
        try:
            await self._desk.submit(command)
        finally:
            self._changes += 1  # whoever is reading it now must not remember what it was
            self._known.clear()

    async def sources(self) -> list[Source]:
        """All sources, the disabled ones included."""
        return await self._desk.read(lambda views: views.find(SOURCES, "sources", (SOURCES_MAX,)))

    async def source(self, name: str | None) -> Source:
        """
        An enabled source; the primary one when none is named.

        Raises:
            NotFound: there is none of that name, or it is disabled.
        """
        known = self._known.get(name or PRIMARY)
        if known is None:
            changes = self._changes
            known = enabled(name, await self._desk.read(partial(source_row, name)))
            if changes == self._changes:
                self._known[known.name] = known
        return known

    async def root(self, name: str | None) -> Root:
        """
        The root of an enabled source, which can be reached.

        Raises:
            NotFound: there is no such source.
            Unreachable: its directory is not there.
        """
        source = await self.source(name)
        root = self.root_of(source)
        problem = await anyio.to_thread.run_sync(root.problem)
        if problem:
            raise Unreachable(problem)
        return root

    def root_of(self, source: Source) -> Root:
        """The root of a source, whether it can be reached or not."""
        key = (source.root, source.name)
        known = self._roots.get(key)
        if known is None:
            known = self._roots[key] = Root(source.root, source.name)
        return known

    async def project(self, name: str | None, project: str) -> Root:
        """
        The root in which a project's directory is.

        Raises:
            NotFound: there is no such source or project.
            Unreachable: the source cannot be reached.
        """
        return await self.project_in(await self.source(name), project)

    async def project_in(self, source: Source, project: str) -> Root:
        """
        The same of a source that was looked up already.

        Raises:
            NotFound: there is no such project.
            Unreachable: the source cannot be reached.
        """
        root = self.root_of(source)
        await anyio.to_thread.run_sync(check_is_there, root, project)
        return root

    def check_root(self, path: str, others: list[Source]) -> Path:
        """
        The directory that shall become a source.

        Raises:
            Rejected: it is not there, not allowed, or overlaps with another source.
        """
        wanted = Path(path)
        if not wanted.is_absolute() or "\0" in path or not wanted.is_dir():
            hint = "Give the absolute path of a directory on the machine of the daemon."
            raise Rejected(f"{path!r} is no directory here.", hint=hint)
        real = wanted.resolve()
        if not any(real.is_relative_to(allowed.resolve()) for allowed in self._allowed()):
            hint = "Whoever runs the daemon lists the directories in media.allowed_roots."
            raise Rejected(f"{path!r} lies outside the directories that are allowed.", hint=hint)
        data = self._settings.data.resolve()
        if real.is_relative_to(data) or data.is_relative_to(real):
            message = f"{path!r} holds what Playhead itself remembers, or lies in it."
            raise Rejected(message, hint="Choose a directory that holds nothing but media.")
        for other in others:
            taken = Path(other.root).resolve()
            if real.is_relative_to(taken) or taken.is_relative_to(real):
                message = f"{path!r} overlaps with the source {other.name!r} at {other.root}."
                raise Rejected(message, hint="A file must belong to one source only.")
        return real

    def _allowed(self) -> tuple[Path, ...]:
        return self._settings.allowed_roots


def source_row(name: str | None, views: Views) -> Source | None:
    """A source, whether enabled or not; the primary one when none is named."""
    return views.get(SOURCES, (name or PRIMARY,))


def enabled(name: str | None, found: Source | None) -> Source:
    """
    The source that was asked for, if it may be used.

    Raises:
        NotFound: there is none of that name, or it is disabled.
    """
    wanted, hint = name or PRIMARY, "GET /api/sources lists the sources there are."
    if found is None:
        raise NotFound(f"There is no source {wanted!r}.", hint=hint)
    if not found.enabled:
        raise NotFound(f"Source {wanted!r} is disabled.", hint=f"Switch it on: {hint}")
    return found


def check_is_there(root: Root, project: str) -> None:
    """
    Returns if a root has a project; asks the disk.

    Raises:
        Missing: it has none of that name.
        Unreachable: the root is not there.
    """
    if not root.has_project(project):
        hint = "GET /api/projects lists the projects there are."
        raise Missing(f"There is no project {project!r}.", hint=hint)


def source_and_project(
    source: str | None, project: str, views: Views
) -> tuple[Source | None, Project | None]:
    """What is known of a source and of a project of it."""
    return source_row(source, views), views.get(PROJECTS, (source or PRIMARY, project))
