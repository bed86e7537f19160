"""
Uploads that come in parts: announced, added to, interrupted, gone on with, complete.

What was announced is in the log; the bytes lie in the source's root until the file is whole. While
somebody adds to an upload its part is kept open, with the hash so far; left alone it is closed and,
should its sender come back, read once more.
"""

import secrets
from functools import partial

import anyio
import anyio.to_thread
import msgspec

from adapters.disk.errors import Missing
from adapters.files import parts
from adapters.files.parts import Mark, Part
from adapters.files.places import Places
from adapters.files.roots import Root
from adapters.files.settings import FileSettings
from adapters.files.storing import Store
from adapters.keeper import Order, Outcome, Upload
from adapters.ports import Desk
from projections.commands import Record
from projections.envelope import Nanos
from projections.errors import Conflict, NotFound, PlayheadError, Rejected
from projections.fold import Views
from projections.media_commands import CloseUpload
from projections.media_events import UploadEnd, UploadOpened
from projections.media_names import ORIGINALS
from projections.media_uploads import UPLOADS, OpenUpload, kept_ns

SOURCE = "files"

RESTING_MAX = 64
"""Parts kept open between two requests; each is a descriptor and a hash."""

ID_BYTES = 18

EXPIRED_MAX = 500
"""Given up in one go; the rest an hour later."""


class _Open(msgspec.Struct):
    """A part that is open; `mark` is where the present writing began, if somebody writes."""

    part: Part
    mark: Mark | None = None


class Uploads:
    """All uploads that come in parts."""

    def __init__(self, desk: Desk, places: Places, store: Store, settings: FileSettings) -> None:
        self._desk = desk
        self._places = places
        self._store = store
        self._settings = settings
        self._open: dict[str, _Open] = {}
        self._busy: set[str] = set()

    async def announce(self, root: Root, announced: UploadOpened, *, actor: str) -> Upload:
        """Makes room for a file that will come; gives it its id and the time until it is waited."""
        upload_id = secrets.token_urlsafe(ID_BYTES)
        expires_ns = self._desk.now_ns() + self._settings.upload_expires_ns
        event = msgspec.structs.replace(announced, id=upload_id, expires_ns=expires_ns)
        part = await anyio.to_thread.run_sync(Part.create, root, upload_id)
        try:
            await anyio.to_thread.run_sync(part.pause)
            await self._desk.submit(Record(source=SOURCE, actor=actor, event=event))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(part.discard)
            raise
        return Upload(announced=event, offset_bytes=0, expires_ns=expires_ns)

    async def find(self, upload_id: str, *, actor: str) -> Upload:
        """
        An announced file; one that is complete too, for a while.

        Raises:
            NotFound: there is none, it is another user's, or it has expired.
        """
        row = await self._row(upload_id, actor)
        return await self._unfinished(row) if row.closed is None else _finished(row)

    async def _row(self, upload_id: str, actor: str) -> OpenUpload:
        row = await self._desk.read(lambda views: views.get(UPLOADS, (upload_id,)))
        if row is None or row.user != actor:
            raise _unknown(upload_id)
        return row

    async def _unfinished(self, row: OpenUpload) -> Upload:
        upload_id = row.upload.id
        open_part = self._open.get(upload_id)
        if open_part is not None:
            size_bytes, touched_ns = open_part.part.size_bytes, self._desk.now_ns()
        else:
            root = await self._places.root(row.upload.source)
            try:
                found = await anyio.to_thread.run_sync(parts.look, root, upload_id)
            except Missing as error:
                now = await self._row(upload_id, row.user)
                if now.closed is not None:  # it was placed since the row was read
                    return _finished(now)
                await self._close(upload_id, "expired")
                raise _unknown(upload_id) from error
            size_bytes, touched_ns = found.st_size, found.st_mtime_ns
        expires_ns = max(row.upload.expires_ns, touched_ns + self._settings.upload_expires_ns)
        return Upload(announced=row.upload, offset_bytes=size_bytes, expires_ns=expires_ns)

    async def resume(self, upload_id: str, *, actor: str, offset: int) -> Part:
        """
        The part to write the next bytes to.

        Raises:
            NotFound: as `find` does, or it is complete.
            Conflict: the part has another length, or somebody else is writing it.
        """
        row = await self._row(upload_id, actor)
        if row.closed is not None:
            raise NotFound(
                f"The upload {upload_id!r} is complete.", hint="Nothing is left to send."
            )
        if upload_id in self._busy:
            message = f"The upload {upload_id!r} is being written by another request."
            raise Conflict(message, hint="Ask where it stands when that request has ended.")
        self._busy.add(upload_id)
        try:
            part = await self._opened(row.upload)
            _check_offset(part, offset)
            self._open[upload_id].mark = part.mark()
        except BaseException:
            self._busy.discard(upload_id)
            raise
        return part

    async def _opened(self, upload: UploadOpened) -> Part:
        known = self._open.get(upload.id)
        if known is not None:
            return known.part
        root = await self._places.root(upload.source)
        try:
            part = await anyio.to_thread.run_sync(Part.resume, root, upload.id)
        except Missing as error:
            await self._close(upload.id, "expired")
            raise _unknown(upload.id) from error
        part.outlives_full_disk = True
        await self._make_room()
        self._open[upload.id] = _Open(part)
        return part

    async def _make_room(self) -> None:
        """Closes the parts that rested longest."""
        resting = [upload_id for upload_id in self._open if upload_id not in self._busy]
        for upload_id in resting[: max(0, len(self._open) - RESTING_MAX + 1)]:
            await anyio.to_thread.run_sync(self._open.pop(upload_id).part.pause)

    async def pause(self, upload_id: str) -> Upload:
        """Puts a part aside, with all that was written of it safe on the disk."""
        return await self._put_aside(upload_id, is_kept=True)

    async def rewind(self, upload_id: str) -> Upload:
        """Puts a part aside without what this writing brought."""
        return await self._put_aside(upload_id, is_kept=False)

    async def _put_aside(self, upload_id: str, *, is_kept: bool) -> Upload:
        writing = self._open[upload_id]
        part, mark = writing.part, writing.mark
        assert mark is not None
        try:
            if not is_kept:
                await anyio.to_thread.run_sync(part.take_back, mark)
            await anyio.to_thread.run_sync(part.sync)
        except PlayheadError:
            del self._open[upload_id]
            await anyio.to_thread.run_sync(part.discard)
            await self._close(upload_id, "refused")
            raise
        finally:
            self._busy.discard(upload_id)
        writing.mark = None
        self._open[upload_id] = self._open.pop(upload_id)  # the one that was used last goes last
        row = await self._desk.read(lambda views: views.get(UPLOADS, (upload_id,)))
        if row is None:
            raise _unknown(upload_id)
        return await self._unfinished(row)

    async def complete(self, upload_id: str, *, actor: str) -> Outcome:
        """
        Puts a file that is all there at its place, and closes the announcement.

        Raises:
            Rejected: the content is not what was announced; the announcement is closed.
            PlayheadError: it cannot be placed now; another `resume` at its end may do it.
        """
        part = self._open[upload_id].part  # it stays known: who asks meanwhile must not miss it
        try:
            row = await self._row(upload_id, actor)
            outcome = await self._store.store(part.root, part, _order(row), keeps_part=True)
            how: UploadEnd = "stored" if outcome.is_stored else "duplicate"
            await self._close(upload_id, how, path=outcome.path)
        except Rejected:
            await self._close(upload_id, "refused")
            raise
        finally:
            del self._open[upload_id]
            self._busy.discard(upload_id)
        return outcome

    async def terminate(self, upload_id: str, *, actor: str) -> None:
        """
        Gives an announced file up.

        Raises:
            NotFound: as `find` does.
            Conflict: it is complete, or somebody is writing it.
        """
        row = await self._row(upload_id, actor)
        if row.closed is not None or upload_id in self._busy:
            message = f"The upload {upload_id!r} is complete or being written."
            raise Conflict(message, hint="What is in a project goes by POST .../media/delete.")
        await self._give_up(row, "terminated")

    async def _give_up(self, row: OpenUpload, how: UploadEnd) -> None:
        known = self._open.pop(row.upload.id, None)
        if known is not None:
            await anyio.to_thread.run_sync(known.part.discard)
        else:
            root = await self._places.root(row.upload.source)
            await anyio.to_thread.run_sync(parts.remove, root, row.upload.id)
        await self._close(row.upload.id, how)

    async def _close(self, upload_id: str, how: UploadEnd, *, path: str = "") -> None:
        await self._desk.submit(
            CloseUpload(source=SOURCE, actor=SOURCE, id=upload_id, how=how, path=path)
        )

    async def expire(self) -> None:
        """
        Gives up what nobody went on with in time, and forgets what was complete long enough. What
        is all there, though nobody asked for the last step, is placed.
        """
        now = self._desk.now_ns()
        for row in await self._desk.read(partial(_expired, now)):
            try:
                await self._end(row, now)
            except NotFound:
                continue
            except (
                PlayheadError,
                OSError,
            ) as error:  # the disk is away: its uploads are waited for
                self._desk.tell("debug", "upload_not_ended", id=row.upload.id, reason=str(error))

    async def _end(self, row: OpenUpload, now: Nanos) -> None:
        upload = row.upload
        if row.closed is not None:
            await self._close(upload.id, "expired")
            return
        if upload.id in self._busy:
            return
        found = await self._unfinished(row)
        if found.expires_ns > now:
            return
        if found.offset_bytes == upload.size_bytes:
            await self.resume(upload.id, actor=row.user, offset=upload.size_bytes)
            await self.complete(upload.id, actor=row.user)
        else:
            await self._give_up(row, "expired")


def _finished(row: OpenUpload) -> Upload:
    assert row.closed is not None
    assert row.closed.how in {"stored", "duplicate"}
    return Upload(
        announced=row.upload,
        offset_bytes=row.upload.size_bytes,
        expires_ns=kept_ns(row),
        end="stored" if row.closed.how == "stored" else "duplicate",
        path=row.closed.path,
    )


def _expired(now: Nanos, views: Views) -> list[OpenUpload]:
    return views.find(UPLOADS, "uploads_expired", (now, EXPIRED_MAX))


def _check_offset(part: Part, offset: int) -> None:
    if part.size_bytes != offset:
        message = f"The upload stands at {part.size_bytes} bytes, not at {offset}."
        raise Conflict(message, hint="Ask with HEAD where it stands, and go on there.")


def _order(row: OpenUpload) -> Order:
    announced = row.upload
    return Order(
        source=announced.source,
        project=announced.project,
        name=announced.name,
        folder=ORIGINALS,
        actor=row.user,
        batch=announced.batch,
        mtime_ns=announced.mtime_ns,
        sha256=announced.sha256,
    )


def _unknown(upload_id: str) -> NotFound:
    hint = "It may have expired: begin again."
    return NotFound(f"There is no upload {upload_id[:64]!r}.", hint=hint)
