"""
Attending to the disks of all sources: what appears, changes or vanishes there is noticed.

Per source one task tells whether its root can be reached, looks at everything when it comes within
reach and every few minutes from then on, and in between at those projects of which the system said
that something changed. A source that is offline is left exactly as it is known.
"""

from contextlib import aclosing
from functools import partial

import anyio
import anyio.to_thread
import msgspec

from adapters.disk.errors import Unreachable
from adapters.disk.watch import watch
from adapters.files.changes import Touched, WatchedRoot
from adapters.files.mirror import Mirror, read_index
from adapters.files.places import Places
from adapters.files.roots import Root
from adapters.files.scanning import Scanner
from adapters.files.settings import FileSettings
from adapters.files.tidying import Tidier
from adapters.ports import Desk
from projections.envelope import NANOS_PER_SECOND
from projections.errors import PlayheadError
from projections.fold import Views
from projections.media_commands import CreateProject, LoseProject, NoteReach
from projections.media_sources import PROJECTS, Project, Source
from projections.moments import NotAMoment, parse_moment

SOURCE = "files"

PROJECTS_MAX = 100_000
REACH_EVERY_S = 2.0
"""How soon it is noticed that a disk went away or came back."""

WATCH_AGAIN_S = 30.0

NOTES_CHARACTERS_MAX = 10_000
"""As many as a project may be given over HTTP."""

SETTLE_S = 0.2
"""Changes come in bursts; a project is looked at when a burst is over."""


class Attendant:
    """Attends to every enabled source."""

    def __init__(
        self,
        desk: Desk,
        places: Places,
        *,
        scanner: Scanner,
        tidier: Tidier,
        mirror: Mirror,
        settings: FileSettings,
    ) -> None:
        self._desk = desk
        self._places = places
        self._scanner = scanner
        self._tidier = tidier
        self._mirror = mirror
        self._settings = settings
        self._attended: dict[str, anyio.CancelScope] = {}

    async def run(self) -> None:
        """Works until cancelled."""
        self._attended.clear()
        async with anyio.create_task_group() as tasks:
            while True:
                changed = self._desk.changed
                sources = [source for source in await self._places.sources() if source.enabled]
                wanted = {f"{source.name}\0{source.root}": source for source in sources}
                for key in [key for key in self._attended if key not in wanted]:
                    self._attended.pop(key).cancel()
                for key, source in wanted.items():
                    if key not in self._attended:
                        self._attended[key] = anyio.CancelScope()
                        tasks.start_soon(self._attend, source, self._attended[key])
                await changed.wait()
                await anyio.sleep(SETTLE_S)

    async def _attend(self, source: Source, scope: anyio.CancelScope) -> None:
        root = self._places.root_of(source)
        with scope:
            while True:
                problem = await anyio.to_thread.run_sync(root.problem)
                if problem and await self._may_claim(source.name):
                    problem = await anyio.to_thread.run_sync(_claimed, root, source.name)
                await self._note(source.name, problem)
                if not problem:
                    await self._while_reached(source.name, root)
                await anyio.sleep(REACH_EVERY_S)

    async def _may_claim(self, source: str) -> bool:
        """
        A source of which nothing is known yet has nothing to lose: its directory becomes its root.
        """
        return not await self._desk.read(partial(_known_projects, source))

    async def _note(self, source: str, problem: str) -> None:
        try:
            await self._desk.submit(
                NoteReach(source=SOURCE, actor=SOURCE, name=source, problem=problem)
            )
        except PlayheadError as error:
            self._desk.tell("warning", "not_recorded", reason=str(error))

    async def _while_reached(self, source: str, root: Root) -> None:
        """Looks, and goes on looking, until the root goes away."""
        visit = _Visit(self._desk, self._scanner, self._mirror, root, source=source)
        try:
            await self._tidier.tidy(source, root)
        except (OSError, PlayheadError) as error:
            self._desk.tell("warning", "not_tidied", of=source, reason=str(error))
        await self._sweep(visit)
        async with anyio.create_task_group() as tasks:
            if self._settings.is_watching:
                tasks.start_soon(self._watch, visit, root)
                tasks.start_soon(visit.look_at_dirty, self._settings.stable_ns / NANOS_PER_SECOND)
            await self._sweep_until_lost(visit, root)
            tasks.cancel_scope.cancel()

    async def _watch(self, visit: "_Visit", root: Root) -> None:
        """A watch that breaks is begun again; meanwhile the sweeps go on."""
        while True:
            try:
                async with aclosing(watch(WatchedRoot(root), tell=self._complain)) as changes:
                    async for touched in changes:
                        visit.note(touched)
            except PlayheadError as error:
                self._desk.tell("warning", "watching_failed", reason=str(error))
            await anyio.sleep(WATCH_AGAIN_S)

    def _complain(self, sentence: str) -> None:
        self._desk.tell("warning", "watching_less_well", reason=sentence)

    async def _sweep(self, visit: "_Visit") -> None:
        try:
            await visit.sweep()
        except (OSError, PlayheadError) as error:
            self._desk.tell("warning", "sweep_failed", of=visit.source, reason=str(error))

    async def _sweep_until_lost(self, visit: "_Visit", root: Root) -> None:
        due_s = self._desk.monotonic_s() + self._settings.sweep_every_s
        while not await anyio.to_thread.run_sync(root.problem):
            if self._desk.monotonic_s() >= due_s:
                await self._sweep(visit)
                due_s = self._desk.monotonic_s() + self._settings.sweep_every_s
            await anyio.sleep(min(REACH_EVERY_S, self._settings.sweep_every_s))


class _Visit:
    """The time from when a root came within reach to when it was lost again."""

    def __init__(
        self, desk: Desk, scanner: Scanner, mirror: Mirror, root: Root, *, source: str
    ) -> None:
        self._desk = desk
        self._scanner = scanner
        self._mirror = mirror
        self._root = root
        self.source = source
        self._dirty: dict[str, float] = {}
        """Projects to look at, and not before when, on the steady clock."""
        self._woken = anyio.Event()

    async def sweep(self) -> None:
        """Looks at every project there is, and at those that are there no more."""
        there = await anyio.to_thread.run_sync(self._root.projects)
        known = await self._known()
        for project in there:
            try:
                await self._look_at(project, known.get(project))
            except Unreachable:
                raise
            except (OSError, PlayheadError) as error:  # the others can be looked at all the same
                self._desk.tell("warning", "look_failed", project=project, reason=str(error))
        for project in known:
            if project not in there:
                await self._lose(project)
        self._desk.tell("info", "source_swept", of=self.source, projects=len(there))

    async def _known(self) -> dict[str, Project]:
        rows = await self._desk.read(partial(_projects, self.source))
        return {row.project: row for row in rows}

    async def _look_at(self, project: str, row: Project | None) -> None:
        if row is None:
            await self._discover(project)
        self._mirror.forget(self.source, project)
        report = await self._scanner.scan(
            self._root, self.source, project, actor=SOURCE, kind="sweep"
        )
        for problem in report.problems:
            self._desk.tell("warning", "not_indexed", project=project, reason=problem)
        if report.unfinished_count:
            self._mark(project)

    async def _discover(self, project: str) -> None:
        """A directory somebody made; what media-sync-api noted about it is taken over."""
        notes, created_ns = await anyio.to_thread.run_sync(_about, self._root, project)
        await self._desk.submit(
            CreateProject(
                source=SOURCE,
                actor=SOURCE,
                media_source=self.source,
                project=project,
                notes=notes,
                created_ns=created_ns,
                is_found=True,
            )
        )

    async def _lose(self, project: str) -> None:
        await self._scanner.lose(self._root, self.source, project)
        if await anyio.to_thread.run_sync(self._root.has_project, project):
            return
        await self._desk.submit(
            LoseProject(source=SOURCE, actor=SOURCE, media_source=self.source, project=project)
        )

    def note(self, changes: frozenset[Touched]) -> None:
        """Remembers what the system told of; an empty project name means everything."""
        for touched in changes:
            self._mark(touched.project or "")

    def _mark(self, project: str) -> None:
        self._dirty[project] = self._desk.monotonic_s()
        self._woken.set()

    async def look_at_dirty(self, stable_s: float) -> None:
        """Looks at the projects that were marked, each when it has been quiet for a moment."""
        while True:
            await self._woken.wait()
            self._woken = anyio.Event()
            while self._dirty:
                await anyio.sleep(min(SETTLE_S, stable_s) or SETTLE_S)
                now_s = self._desk.monotonic_s()
                due = [p for p, at_s in self._dirty.items() if now_s - at_s >= stable_s]
                for project in due:
                    del self._dirty[project]
                    await self._look_again(project)

    async def _look_again(self, project: str) -> None:
        try:
            if not project:
                await self.sweep()
            elif await anyio.to_thread.run_sync(self._root.has_project, project):
                await self._look_at(project, (await self._known()).get(project))
            else:
                await self._lose(project)
        except (OSError, PlayheadError) as error:
            self._desk.tell("warning", "look_failed", project=project, reason=str(error))


def _known_projects(source: str, views: Views) -> int:
    return len(views.find(PROJECTS, "projects_ever_of_source", (source, 1)))


def _claimed(root: Root, source: str) -> str:
    """Claims a directory that nobody has claimed; says why it cannot be used, if so."""
    try:
        if not root.is_claimed():
            root.claim(source)
    except PlayheadError as error:
        return str(error)
    return root.problem()


def _projects(source: str, views: Views) -> list[Project]:
    return views.find(PROJECTS, "projects_of_source", (source, "", PROJECTS_MAX))


class _Noted(msgspec.Struct, frozen=True):
    """What an `index.json` of media-sync-api tells besides the files."""

    notes: str | None = ""
    created_at: str = ""


def _about(root: Root, project: str) -> tuple[str, int | None]:
    """Notes and time of creation out of an `index.json`, if there is a readable one."""
    noted = read_index(root, project, _Noted) or _Noted()
    notes = (noted.notes or "")[:NOTES_CHARACTERS_MAX]
    try:
        return notes, parse_moment(noted.created_at, now=0)
    except NotAMoment:
        return notes, None
