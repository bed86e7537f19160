"""
The list of sources: which directories are roots, and which of them are in use.
"""

import re
from contextlib import suppress
from functools import partial
from pathlib import Path

import anyio.to_thread

from adapters.files.places import Places
from adapters.files.roots import Root
from adapters.files.settings import FileSettings
from adapters.keeper import SourceState
from adapters.ports import Desk
from projections.errors import PlayheadError, Rejected
from projections.media_commands import RegisterSource, RemoveSource, ToggleSource
from projections.media_source_decisions import source_named
from projections.media_sources import PRIMARY, SOURCES, Source

SOURCE = "files"
SOURCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class SourceRegistry:
    """Changes the list."""

    def __init__(self, desk: Desk, places: Places, settings: FileSettings) -> None:
        self._desk = desk
        self._places = places
        self._settings = settings

    async def prepare(self) -> None:
        """
        The primary source goes on record, as the configuration names it; its directory is claimed
        when nothing is known of it yet.

        Raises:
            PlayheadError: it cannot be recorded now.
        """
        root = self._settings.primary_root
        known = await self._desk.read(lambda views: views.get(SOURCES, (PRIMARY,)))
        if self._settings.makes_primary_root or known is None:
            await anyio.to_thread.run_sync(
                partial(_made_ready, root, is_ours=self._settings.makes_primary_root)
            )
        if known is None or known.root != str(root):
            await self._places.change(
                RegisterSource(
                    source=SOURCE, actor=SOURCE, name=PRIMARY, root=str(root), is_primary=True
                )
            )

    async def states(self) -> list[SourceState]:
        """All sources, each with whether it can be reached now."""
        return [await self._state(row) for row in await self._places.sources()]

    async def _state(self, source: Source) -> SourceState:
        root = self._places.root_of(source)
        is_there = source.enabled and await anyio.to_thread.run_sync(root.is_there)
        return SourceState(source, is_there)

    async def _named(self, name: str) -> SourceState:
        return await self._state(await self._desk.read(lambda views: source_named(views, name)))

    async def register(
        self, name: str, *, root: str, kind: str, enabled: bool, actor: str
    ) -> SourceState:
        """
        Makes a directory a source, or changes one; its root is claimed for it.

        Raises:
            Rejected: the name or the directory cannot be used.
        """
        if name == PRIMARY:
            return await self._claim_primary(root)
        if not SOURCE_NAME.fullmatch(name):
            hint = "Use up to 64 letters, digits, dots, dashes and underscores."
            raise Rejected(f"{name[:64]!r} can be no name of a source.", hint=hint)
        others = [other for other in await self._places.sources() if other.name != name]
        path = await anyio.to_thread.run_sync(self._places.check_root, root, others)
        await anyio.to_thread.run_sync(Root(path, name).claim, name)
        await self._places.change(
            RegisterSource(
                source=SOURCE, actor=actor, name=name, root=str(path), kind=kind, enabled=enabled
            )
        )
        return await self._named(name)

    async def _claim_primary(self, root: str) -> SourceState:
        """The operator's word that a directory that lost its marker is the right one."""
        wanted = self._settings.primary_root
        if Path(root) != wanted:
            message = "The source 'primary' is set by the configuration."
            raise Rejected(message, hint="Choose another name, or change media.projects_root.")
        await anyio.to_thread.run_sync(Root(wanted, PRIMARY).claim, PRIMARY)
        return await self._named(PRIMARY)

    async def toggle(self, name: str, *, enabled: bool, actor: str) -> SourceState:
        """Switches a source on or off."""
        await self._places.change(
            ToggleSource(source=SOURCE, actor=actor, name=name, enabled=enabled)
        )
        return await self._named(name)

    async def remove(self, name: str, *, actor: str) -> None:
        """Takes a source from the list; its disk is not touched."""
        await self._places.change(RemoveSource(source=SOURCE, actor=actor, name=name))


def _made_ready(path: Path, *, is_ours: bool) -> None:
    """A directory that cannot be used is told of as soon as somebody looks at its source."""
    if is_ours:
        with suppress(OSError):
            path.mkdir(parents=True, exist_ok=True)
    root = Root(path, PRIMARY)
    if path.is_dir() and not root.is_claimed():
        with suppress(PlayheadError):
            root.claim(PRIMARY)
