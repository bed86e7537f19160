"""
The keeper of files: what the web asks for, carried out on the disk and then put on record.

Implements `adapters.keeper.FileKeeper`. The work is done by its neighbours: `storing` places what
was uploaded, `shelving` moves, trashes and restores, `scanning` compares with the disk, `uploads`
keeps what comes in parts, `making` joins and turns clips.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from adapters.activity import Activity
from adapters.files import staging
from adapters.files.attendant import Attendant
from adapters.files.counting import Count, ignore
from adapters.files.endurance import keep_going
from adapters.files.foreground import Foreground
from adapters.files.making import Maker
from adapters.files.measuring import Measurer
from adapters.files.mirror import Mirror
from adapters.files.parts import Part
from adapters.files.places import Places, enabled, source_and_project
from adapters.files.receiving import begin, check_room
from adapters.files.registering import SourceRegistry
from adapters.files.scanning import Scanner, reindexed
from adapters.files.settings import FileSettings
from adapters.files.shelving import Place, Shelf
from adapters.files.storing import Store
from adapters.files.tidying import Tidier
from adapters.files.tools import Toolbox
from adapters.files.uploads import Uploads
from adapters.keeper import (
    Composed,
    Composition,
    Emptied,
    Incoming,
    Moved,
    OpenFile,
    Order,
    Outcome,
    Picture,
    Restored,
    ScanReport,
    SourceState,
    Trashed,
    Upload,
    Upright,
)
from adapters.ports import Desk
from projections.commands import Record
from projections.media_commands import CreateProject
from projections.media_events import UploadOpened
from projections.media_names import check_file_name, project_name
from projections.media_sources import Project, Source

SOURCE = "files"

MAKING_MAX = 1
"""Joining clips uses every core for hours; thumbnails do not wait for it."""

LOOSE_PROJECT = "Unsorted-Loose"


class Keeper:
    """
    Keeps files.

    Args:
        desk: where commands are handed in and rows looked up.
        settings: how.
        count: adds to a counter of the metrics.
    """

    def __init__(self, desk: Desk, settings: FileSettings, *, count: Count = ignore) -> None:
        self._desk = desk
        self._settings = settings
        self._activity = Activity()
        self._tools = Toolbox(anyio.CapacityLimiter(settings.tools_max))
        self._places = Places(desk, settings)
        self._registry = SourceRegistry(desk, self._places, settings)
        self._store = Store(desk, self._places, file_mode=settings.file_mode, count=count)
        self._shelf = Shelf(desk, self._places)
        self._uploads = Uploads(desk, self._places, self._store, settings)
        self._scanner = Scanner(desk, self._places, self._activity, settings, count=count)
        self._foreground = Foreground(desk, self._activity)
        self._mirror = Mirror(desk, self._places, self._foreground)
        self._measurer = Measurer(
            desk, self._places, self._tools, settings, foreground=self._foreground, count=count
        )
        self._tidier = Tidier(desk, self._places, self._uploads, self._shelf, settings=settings)
        self._maker = Maker(
            desk,
            self._places,
            self._store,
            self._shelf,
            tools=Toolbox(anyio.CapacityLimiter(MAKING_MAX)),
            settings=settings,
            activity=self._activity,
        )
        self._attendant = Attendant(
            desk,
            self._places,
            scanner=self._scanner,
            tidier=self._tidier,
            mirror=self._mirror,
            settings=settings,
        )

    @property
    def activity(self) -> Activity:
        """What is being done right now."""
        return self._activity

    async def prepare(self) -> None:
        """What must be known before anybody asks: the primary source."""
        await self._registry.prepare()

    async def run(self) -> None:
        """Works in the background until cancelled."""
        await anyio.to_thread.run_sync(staging.clear, self._settings.temporary)
        workers = (self._attendant, self._mirror, self._measurer, self._tidier)
        async with anyio.create_task_group() as tasks:
            for worker in workers:
                tasks.start_soon(keep_going, self._desk, worker.run, name=type(worker).__name__)

    async def sources(self) -> list[SourceState]:
        """All sources."""
        return await self._registry.states()

    async def source(self, name: str | None) -> Source:
        """An enabled source; the primary one when none is named."""
        return await self._places.source(name)

    async def register_source(
        self, name: str, *, root: str, kind: str, enabled: bool, actor: str
    ) -> SourceState:
        """Makes a directory a source, or changes one."""
        return await self._registry.register(
            name, root=root, kind=kind, enabled=enabled, actor=actor
        )

    async def toggle_source(self, name: str, *, enabled: bool, actor: str) -> SourceState:
        """Switches a source on or off."""
        return await self._registry.toggle(name, enabled=enabled, actor=actor)

    async def remove_source(self, name: str, *, actor: str) -> None:
        """Takes a source from the list; its disk is not touched."""
        await self._registry.remove(name, actor=actor)

    async def create_project(
        self, source: str | None, *, label: str | None, notes: str, actor: str
    ) -> Project:
        """Makes a project of that label; the one there is, when there is one."""
        place = await self._places.source(source)
        root = await self._places.root(place.name)
        name = project_name(label, await anyio.to_thread.run_sync(root.projects))
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(root.make_project, name)
            await self._desk.submit(
                CreateProject(
                    source=SOURCE, actor=actor, media_source=place.name, project=name, notes=notes
                )
            )
        return await self.project(place.name, name)

    async def project(self, source: str | None, project: str) -> Project:
        """A project whose directory is there; one that nobody has looked at yet is empty."""
        found, row = await self._desk.read(partial(source_and_project, source, project))
        place = enabled(source, found)
        await self._places.project_in(place, project)
        if row is not None and not row.is_gone:
            return row
        at = self._desk.now_ns()
        return Project(source=place.name, project=project, notes="", created_ns=at, seq=0)

    async def _place(self, source: str | None, project: str) -> Place:
        found = await self._places.source(source)
        return Place(found.name, await self._places.project_in(found, project), project)

    async def projects(self, source: str | None) -> list[str]:
        """The names of the projects that the disk of a source has, sorted."""
        found = await self._places.source(source)
        root = await self._places.root(found.name)
        return await anyio.to_thread.run_sync(root.projects)

    async def reindex(self, source: str | None, project: str, *, actor: str) -> ScanReport:
        """Compares a project with its directory now."""
        self._foreground.tell()
        place = await self._place(source, project)
        await self._desk.submit(
            CreateProject(
                source=SOURCE,
                actor=actor,
                media_source=place.source,
                project=project,
                is_found=True,
            )
        )
        report = await self._scanner.scan(
            place.root, place.source, project, actor=actor, kind="reindex"
        )
        self._mirror.forget(place.source, project)
        event = reindexed(place.source, project, report)
        await self._desk.submit(Record(source=SOURCE, actor=actor, event=event))
        return report

    async def receive(self, source: str | None, project: str, *, size_bytes: int = 0) -> Part:
        """A place for the bytes of an upload to this project."""
        self._foreground.tell()
        root = self._places.root_of(await self._places.source(source))
        free_bytes_min = self._settings.free_bytes_min
        return await anyio.to_thread.run_sync(begin, root, project, size_bytes, free_bytes_min)

    async def store(self, incoming: Incoming, order: Order) -> Outcome:
        """Puts a received file at its place. The part is gone afterwards, however it ends."""
        assert isinstance(incoming, Part)
        self._foreground.tell()
        return await self._store.store(incoming.root, incoming, order)

    async def discard(self, incoming: Incoming) -> None:
        """Forgets a partial upload."""
        assert isinstance(incoming, Part)
        await anyio.to_thread.run_sync(incoming.discard)

    async def open_upload(
        self,
        source: str | None,
        project: str,
        *,
        name: str,
        size_bytes: int,
        metadata: str,
        mtime_ns: int | None,
        sha256: str,
        batch: str,
        actor: str,
    ) -> Upload:
        """Announces a file that will come in parts."""
        place = await self._place(source, project)
        free_bytes_min = self._settings.free_bytes_min
        await anyio.to_thread.run_sync(check_room, place.root, size_bytes, free_bytes_min)
        announced = UploadOpened(
            id="",
            source=place.source,
            project=project,
            name=check_file_name(name),
            size_bytes=size_bytes,
            expires_ns=0,
            metadata=metadata,
            mtime_ns=mtime_ns,
            sha256=sha256,
            batch=batch,
        )
        return await self._uploads.announce(place.root, announced, actor=actor)

    async def upload(self, upload_id: str, *, actor: str) -> Upload:
        """An announced file; one that is complete too, for a while."""
        return await self._uploads.find(upload_id, actor=actor)

    async def resume(self, upload_id: str, *, actor: str, offset: int) -> Part:
        """The part to write the next bytes of an announced file to."""
        return await self._uploads.resume(upload_id, actor=actor, offset=offset)

    async def pause(self, upload_id: str, incoming: Incoming) -> Upload:
        """Puts a part aside, on the disk, with all that was written of it."""
        return await self._uploads.pause(upload_id)

    async def rewind(self, upload_id: str, incoming: Incoming, *, offset: int) -> Upload:
        """Puts a part aside without what was written since `offset`."""
        return await self._uploads.rewind(upload_id)

    async def complete(self, upload_id: str, incoming: Incoming, *, actor: str) -> Outcome:
        """Puts a file that is all there at its place, and closes the announcement with it."""
        return await self._uploads.complete(upload_id, actor=actor)

    async def terminate(self, upload_id: str, *, actor: str) -> None:
        """Gives an announced file up."""
        await self._uploads.terminate(upload_id, actor=actor)

    async def open(self, source: str | None, project: str, path: str) -> OpenFile:
        """A file for reading; whoever asked closes it."""
        place = await self._place(source, project)
        return await anyio.to_thread.run_sync(place.root.open, project, path)

    async def present(
        self, source: str | None, project: str, contents: Sequence[str]
    ) -> dict[str, str]:
        """The contents that a project really has on its disk, and where."""
        place = await self._place(source, project)
        return await self._store.present(place.root, place.source, project, contents)

    async def trash(
        self, source: str | None, project: str, paths: Sequence[str], *, actor: str
    ) -> Trashed:
        """Throws files into the trash of their source."""
        return await self._shelf.trash(await self._place(source, project), paths, actor=actor)

    async def restore(self, ids: Sequence[str], *, actor: str) -> Restored:
        """Takes files out of the trash again."""
        return await self._shelf.restore(ids, actor=actor)

    async def empty_trash(
        self,
        source: str | None,
        *,
        ids: Sequence[str] | None,
        before_ns: int | None,
        actor: str,
    ) -> Emptied:
        """Deletes what is in the trash for good: these ids, or what went there before a moment."""
        names = [source] if source else [row.name for row in await self._places.sources()]
        count = size_bytes = 0
        for name in names:
            root = await self._places.root(name)
            emptied = await self._shelf.empty(name, root, ids=ids, before_ns=before_ns, actor=actor)
            count += emptied.count
            size_bytes += emptied.size_bytes
        return Emptied(count=count, size_bytes=size_bytes)

    async def move(
        self,
        source: str | None,
        project: str,
        paths: Sequence[str],
        *,
        to_source: str | None,
        to_project: str,
        actor: str,
    ) -> Moved:
        """Moves files to another project."""
        here = await self._place(source, project)
        there = await self._place(to_source or here.source, to_project)
        return await self._shelf.move(here, paths, there, actor=actor)

    async def rename(
        self, source: str | None, project: str, paths: dict[str, str], *, actor: str
    ) -> dict[str, str]:
        """Renames files inside a project; by old path the path each got."""
        return await self._shelf.rename(await self._place(source, project), paths, actor=actor)

    async def organize(self, source: str | None, *, actor: str) -> tuple[str | None, list[str]]:
        """Moves the finished files that lie loose in a root into its project Unsorted-Loose."""
        found = await self._places.source(source)
        root = await self._places.root(found.name)
        if not (names := await anyio.to_thread.run_sync(root.loose_files)):
            return None, []
        await anyio.to_thread.run_sync(root.make_project, LOOSE_PROJECT)
        place = Place(found.name, root, LOOSE_PROJECT)
        taken = await self._shelf.take_in(place, names)
        await self.reindex(found.name, LOOSE_PROJECT, actor=actor)
        return LOOSE_PROJECT, taken

    async def picture(self, source: str | None, project: str, sha256: str) -> Picture:
        """The thumbnail of a file; one that is not made yet is made next."""
        name = (await self._places.source(source)).name
        return await self._measurer.picture(name, project, sha256)

    async def stage(self) -> Path:
        """A fresh directory for clips that come only to be joined."""
        roots = [Path(source.root) for source in await self._places.sources()]
        return await anyio.to_thread.run_sync(staging.stage, self._settings.temporary, roots)

    async def unstage(self, folder: Path) -> None:
        """Removes such a directory with all in it."""
        await anyio.to_thread.run_sync(staging.unstage, folder)

    async def compose(self, composition: Composition) -> Composed:
        """Joins clips."""
        return await self._maker.compose(composition)

    async def make_upright(
        self,
        source: str | None,
        project: str,
        paths: Sequence[str] | None,
        *,
        dry_run: bool,
        limit: int | None,
        actor: str,
    ) -> list[Upright]:
        """Turns rotated clips upright, or says which it would; originals go to the trash."""
        return await self._maker.make_upright(
            await self._place(source, project), paths, dry_run=dry_run, limit=limit, actor=actor
        )
