"""
Making new clips out of those there are: joining several, turning one upright.

What is made is written beside the other uploads and placed like one of them. The original of what
was turned goes to the trash once its copy is in the project, so that nothing is lost even if the
turning was not wanted.
"""

import secrets
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from adapters.activity import Activity, Progress, TaskKind, TaskState
from adapters.disk.errors import Changed
from adapters.files.compose import compose
from adapters.files.markers import OWN
from adapters.files.orientation import make_upright
from adapters.files.parts import UPLOADS, Part, file_name
from adapters.files.places import Places
from adapters.files.roots import Root
from adapters.files.settings import FileSettings
from adapters.files.shelving import Place, Shelf
from adapters.files.storing import Store, is_there
from adapters.files.tool_errors import ToolError
from adapters.files.tools import Toolbox
from adapters.keeper import Composed, Composition, Order, Outcome, Upright
from adapters.ports import Desk
from projections.errors import Conflict, NotFound, PlayheadError
from projections.fold import Views
from projections.media_files import FILES, LibraryFile
from projections.media_names import check_file_name, check_folder

ID_BYTES = 12
FILES_MAX = 1_000_000
INGEST = "ingest/"


class Maker:
    """Makes clips."""

    def __init__(
        self,
        desk: Desk,
        places: Places,
        store: Store,
        shelf: Shelf,
        *,
        tools: Toolbox,
        settings: FileSettings,
        activity: Activity,
    ) -> None:
        self._desk = desk
        self._places = places
        self._store = store
        self._shelf = shelf
        self._tools = tools
        self._settings = settings
        self._activity = activity

    async def compose(self, wanted: Composition) -> Composed:
        """
        Joins clips.

        Raises:
            NotFound: a clip is not indexed, or not there.
            Conflict: there is something of that name, and it may not be replaced.
            PlayheadError: they cannot be joined.
        """
        name = check_file_name(wanted.name)
        folder = check_folder(wanted.folder)
        target = await self._places.project(wanted.to_source, wanted.to_project)
        place = Place(wanted.to_source, target, wanted.to_project)
        path = f"{folder}/{name}"
        if not wanted.may_overwrite:
            await self._refuse_taken(place, path)
        inputs = await self._inputs(wanted)
        part_id = secrets.token_hex(ID_BYTES)
        progress = self._progress("compose", wanted.to_source, wanted.to_project, part_id)
        try:
            made = await compose(
                inputs,
                _part_path(target, part_id),
                tools=self._tools,
                mode=wanted.mode,
                timeout_s=self._settings.compose_timeout_s,
                progress=progress.tell,
            )
            part = await anyio.to_thread.run_sync(Part.resume, target, part_id)
            with anyio.CancelScope(shield=True):
                outcome = await self._put(place, part, _order(wanted, folder, name), wanted)
            progress.end("done")
        finally:
            progress.end("failed")
        return Composed(outcome=outcome, mode_used=made.mode)

    async def _put(self, place: Place, part: Part, order: Order, wanted: Composition) -> Outcome:
        """Stores what was made; what it writes over goes to the trash, and only if that is done."""
        path = f"{order.folder}/{order.name}"
        old = [path] if wanted.may_overwrite else []
        thrown = await self._shelf.trash(place, old, actor=wanted.actor)
        try:
            return await self._store.store(place.root, part, order)
        except PlayheadError:
            await self._shelf.restore(list(thrown.ids.values()), actor=wanted.actor)
            raise

    async def _refuse_taken(self, place: Place, path: str) -> None:
        if await anyio.to_thread.run_sync(place.root.has_file, place.project, path):
            message = f"{path!r} exists already."
            raise Conflict(message, hint="Choose another name, or allow it to be overwritten.")

    async def _inputs(self, wanted: Composition) -> list[Path]:
        if wanted.staged:
            return list(wanted.staged)
        projects = wanted.input_projects or ((wanted.source, wanted.project),) * len(wanted.inputs)
        return [
            await self._located(source, project, path)
            for (source, project), path in zip(projects, wanted.inputs, strict=True)
        ]

    async def _located(self, source: str, project: str, path: str) -> Path:
        if await self._row(source, project, path) is None:
            hint = f"GET /api/projects/{project}/media lists the files there are."
            raise NotFound(f"{path!r} is not indexed in {project!r}.", hint=hint)
        root = await self._places.project(source, project)
        return await anyio.to_thread.run_sync(root.locate, project, path)

    def _progress(self, kind: TaskKind, source: str, project: str, task_id: str) -> "_Told":
        task = Progress(task=f"{kind}:{task_id}", kind=kind, source=source, project=project)
        return _Told(self._activity, task)

    async def make_upright(
        self,
        place: Place,
        paths: Sequence[str] | None,
        *,
        dry_run: bool,
        limit: int | None,
        actor: str,
    ) -> list[Upright]:
        """Turns rotated clips upright, or says which it would."""
        rows = await self._desk.read(partial(_videos, place.source, place.project))
        known = {row.file.path: row for row in rows if not row.is_gone}
        results: list[Upright] = []
        turned = 0
        for path in known if paths is None else dict.fromkeys(paths):
            reason = _why_not(known.get(path))
            if reason:
                results.append(Upright(path=path, status="skipped", reason=reason))
                continue
            if limit is not None and turned >= limit:
                break
            turned += 1
            results.append(await self._turn(place, known[path], dry_run=dry_run, actor=actor))
        return results

    async def _turn(self, place: Place, row: LibraryFile, *, dry_run: bool, actor: str) -> Upright:
        assert row.file.facts is not None
        degrees, path = row.file.facts.rotation_degrees, row.file.path
        if dry_run:
            return Upright(path=path, rotation_degrees=degrees, status="planned")
        try:
            sha256 = await self._made_upright(place, row, actor)
        except (ToolError, PlayheadError, OSError) as error:
            return Upright(path=path, rotation_degrees=degrees, status="failed", reason=str(error))
        return Upright(path=path, rotation_degrees=degrees, status="normalized", sha256=sha256)

    async def _made_upright(self, place: Place, row: LibraryFile, actor: str) -> str:
        """Makes the copy, which takes the place of the original."""
        original = await self._located(row.source, row.project, row.file.path)
        part_id = secrets.token_hex(ID_BYTES)
        progress = self._progress("upright", place.source, place.project, part_id)
        try:
            await make_upright(
                original,
                _part_path(place.root, part_id),
                tools=self._tools,
                timeout_s=self._settings.compose_timeout_s,
                progress=progress.tell,
            )
            part = await anyio.to_thread.run_sync(Part.resume, place.root, part_id)
            with anyio.CancelScope(shield=True):
                outcome = await self._put_upright(place, part, row, actor)
            progress.end("done")
        finally:
            progress.end("failed")
        return outcome.sha256

    async def _put_upright(self, place: Place, part: Part, row: LibraryFile, actor: str) -> Outcome:
        """
        Stores a copy beside the original, which only then goes to the trash and leaves its name to
        the copy: whenever this is interrupted, one of the two is in the project.
        """
        path = row.file.path
        now = await self._unchanged(place, row)
        if now is None:
            await anyio.to_thread.run_sync(part.discard)
            raise Changed(f"{path!r} was written to or moved while it was turned.")
        outcome = await self._store.store(place.root, part, _upright(now, actor))
        await self._shelf.trash(place, [path], actor=actor)
        if outcome.is_stored:
            await self._shelf.rename(place, {outcome.path: path}, actor=actor)
        return outcome

    async def _unchanged(self, place: Place, row: LibraryFile) -> LibraryFile | None:
        """What is known of a file by now, if it is where it was, and as it was."""
        now = await self._row(row.source, row.project, row.file.path)
        if now is None or now.file.sha256 != row.file.sha256:
            return None
        return now if await anyio.to_thread.run_sync(is_there, place.root, now) else None

    async def _row(self, source: str, project: str, path: str) -> LibraryFile | None:
        row = await self._desk.read(lambda views: views.get(FILES, (source, project, path)))
        return None if row is None or row.is_gone else row


class _Told:
    """Tells how far a task has come, and its end once."""

    def __init__(self, activity: Activity, task: Progress) -> None:
        self._activity = activity
        self._task = task
        self._is_over = False
        activity.tell(task)

    def tell(self, done_s: float, total_s: float) -> None:
        """So many seconds of so many are done."""
        step = msgspec.structs.replace(self._task, done=int(done_s), total=int(total_s))
        self._activity.tell(step)

    def end(self, state: TaskState) -> None:
        """It is over; only the first word counts."""
        if not self._is_over:
            self._is_over = True
            self._activity.tell(msgspec.structs.replace(self._task, state=state))


def _part_path(root: Root, part_id: str) -> Path:
    with root.made_own_folder(UPLOADS):
        return root.path / OWN / UPLOADS / file_name(part_id)


def _videos(source: str, project: str, views: Views) -> list[LibraryFile]:
    return views.find(FILES, "media_of_project", (source, project, "", FILES_MAX))


def _why_not(row: LibraryFile | None) -> str:
    """Why a file is not turned, in the words of media-sync-api; empty when it is."""
    if row is None:
        return "not_indexed"
    if row.file.kind != "video":
        return "not_video"
    if not row.file.path.startswith(INGEST):
        return "outside_ingest"
    if row.file.facts is None:
        return "not_probed_yet"
    return "" if row.file.facts.rotation_degrees else "already_upright"


def _order(wanted: Composition, folder: str, name: str) -> Order:
    return Order(
        source=wanted.to_source,
        project=wanted.to_project,
        name=name,
        folder=folder,
        actor=wanted.actor,
        how="compose",
    )


def _upright(row: LibraryFile, actor: str) -> Order:
    folder, _, name = row.file.path.rpartition("/")
    return Order(
        source=row.source,
        project=row.project,
        name=name,
        folder=folder,
        actor=actor,
        how="upright",
        mtime_ns=row.file.mtime_ns,
        tags=row.file.tags,
    )
