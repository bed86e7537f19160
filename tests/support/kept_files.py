"""
The keeper of files in this process, on a real disk, with the daemon's real desk, writer and views
under it: what others do meanwhile can be put exactly between the disk and the record.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

from adapters.files.keeper import Keeper
from adapters.files.roots import Root
from adapters.files.settings import FileSettings
from adapters.keeper import Order
from daemon.clock import SystemClock
from daemon.desk import WorkDesk
from daemon.engine.engine import Engine
from daemon.engine.views import ViewReader, ViewStore
from daemon.errors import StorageError
from daemon.eventlog.store import EventLog
from daemon.eventlog.writer import Writer
from daemon.readers import ReaderPool
from projections import PROJECTIONS
from projections.commands import Command
from projections.media_commands import RegisterSource, TagFiles
from projections.media_files import FILES, TRASH, LibraryFile, TrashedFile
from projections.media_names import ORIGINALS
from projections.media_sources import PRIMARY, PROJECTS, Project

ACTOR = "mara"
A = "P1-Alps"
B = "P2-Bay"
FOLDER = ORIGINALS

Step = Callable[[], Awaitable[object]]


class BusyDesk(WorkDesk):
    """
    The real desk, at which others are served first: what is put into `before` happens once, just
    before a command of that type is carried out, and what is in `after` just when it was. `refused`
    says how often commands of a type are still to be refused.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.before: dict[type[Command], Step] = {}
        self.after: dict[type[Command], Step] = {}
        self.refused: dict[type[Command], int] = {}
        self.told: list[str] = []

    async def submit(self, command: Command) -> Any:
        """Serves the others first."""
        step = self.before.pop(type(command), None)
        if step is not None:
            await step()
        if self.refused.get(type(command), 0) > 0:
            self.refused[type(command)] -= 1
            raise StorageError("The disk is full.")
        receipts = await super().submit(command)
        step = self.after.pop(type(command), None)
        if step is not None:
            await step()
        return receipts

    def tell(self, level: str, event: str, **facts: Any) -> None:
        """Keeps what it was told."""
        self.told.append(event)


class KeptFiles:
    """A keeper whose primary source has two empty projects; it does nothing by itself."""

    def __init__(self, keeper: Keeper, desk: BusyDesk, root: Path) -> None:
        self.keeper = keeper
        self.desk = desk
        self.root = root

    async def upload(self, project: str, name: str, data: bytes) -> str:
        """Uploads a file; gives the path it got."""
        part = await self.keeper.receive(PRIMARY, project)
        part.write(data)
        order = Order(source=PRIMARY, project=project, name=name, folder=FOLDER, actor=ACTOR)
        outcome = await self.keeper.store(part, order)
        return outcome.path

    async def tagged(self, project: str, name: str, data: bytes, *tags: str) -> str:
        """Uploads a file and tags it; gives the path it got."""
        path = await self.upload(project, name, data)
        await self.desk.submit(
            TagFiles(
                source="test",
                actor=ACTOR,
                media_source=PRIMARY,
                project=project,
                paths=(path,),
                add=tags,
            )
        )
        return path

    async def look(self, project: str) -> None:
        """Compares a project with its directory."""
        await self.keeper.reindex(PRIMARY, project, actor=ACTOR)

    async def file(self, project: str, path: str) -> LibraryFile | None:
        """What is known of a place, if a file is known to be there."""
        row = await self.desk.read(lambda views: views.get(FILES, (PRIMARY, project, path)))
        return None if row is None or row.is_gone else row

    async def tags(self, project: str, path: str) -> tuple[str, ...] | None:
        """The tags of a file; None if none is known to be there."""
        row = await self.file(project, path)
        return None if row is None else row.file.tags

    async def trashed(self, trash_id: str) -> TrashedFile | None:
        """What the trash is known to have under an id."""
        return await self.desk.read(lambda views: views.get(TRASH, (trash_id,)))

    async def count(self, project: str) -> int:
        """How many files a project is said to have."""
        row: Project | None = await self.desk.read(
            lambda views: views.get(PROJECTS, (PRIMARY, project))
        )
        return 0 if row is None else row.files_count

    def on_disk(self, project: str) -> dict[str, bytes]:
        """The originals of a project by their names."""
        folder = self.root / project / FOLDER
        found = sorted(folder.iterdir()) if folder.is_dir() else []
        return {file.name: file.read_bytes() for file in found}

    def in_trash(self) -> dict[str, bytes]:
        """What lies in the trash by id."""
        found = sorted((self.root / "_playhead/trash").glob("*/*"))
        return {file.parent.name: file.read_bytes() for file in found}


def settings_for(folder: Path) -> FileSettings:
    """A keeper that looks at nothing by itself and takes every file for finished."""
    return FileSettings(
        primary_root=folder / "projects",
        makes_primary_root=False,
        allowed_roots=(folder,),
        data=folder / "data",
        thumbnails=folder / "thumbnails",
        temporary=folder / "temporary",
        file_mode=0o664,
        free_bytes_min=0,
        is_watching=False,
        sweep_every_s=3_600.0,
        stable_ns=0,
        upload_expires_ns=3_600_000_000_000,
        thumbnail_width=64,
        thumbnail_seek_s=0.0,
        tool_timeout_s=10.0,
        compose_timeout_s=60.0,
        tools_max=1,
        trash_keep_ns=0,
    )


@asynccontextmanager
async def kept_files(folder: Path) -> AsyncIterator[KeptFiles]:
    """A keeper; what it remembers stays in the folder."""
    event_log = EventLog.create(folder / "log.db")
    view_store = ViewStore.create(folder / "views.db")
    engine = Engine(event_log, view_store, PROJECTIONS)
    engine.catch_up()
    for connection in (event_log.connection, view_store.connection):
        connection.pragma("synchronous", "OFF")  # nobody pulls the plug on these
    clock = SystemClock()
    writer = Writer(event_log, engine, clock)
    readers = ReaderPool(ViewReader.open, folder / "views.db", prepare=writer.settle)
    desk = BusyDesk(writer, readers, clock, secrets=folder / "secrets")
    settings = settings_for(folder)
    settings.primary_root.mkdir()
    Root(settings.primary_root, PRIMARY).claim(PRIMARY)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writer.run)
            kept = KeptFiles(Keeper(desk, settings), desk, settings.primary_root)
            await desk.submit(_primary(settings.primary_root))
            for project in (A, B):
                await kept.keeper.create_project(PRIMARY, label=project, notes="", actor=ACTOR)
            try:
                yield kept
            finally:
                writer.close()
    finally:
        for opened in (readers, view_store, event_log):
            opened.close()


def _primary(root: Path) -> Command:
    return RegisterSource(source="test", actor=ACTOR, name=PRIMARY, root=str(root), is_primary=True)
