"""
The bytes of uploads that come in parts: from a request's body to the disk, and to the end.

However a request ends, what it brought is either kept, so that the next one goes on behind it, or
taken back; and the upload is free for the next one.
"""

from contextlib import suppress

import anyio
import msgspec
from starlette.requests import Request

from adapters.keeper import Incoming, Upload
from daemon.web.batches import refuse_in_batch
from daemon.web.endpoint import require
from daemon.web.problems import HTTPProblem
from daemon.web.services import Services
from daemon.web.transfers import Transfer
from daemon.web.tus_protocol import MISMATCH, Checksum
from daemon.web.upload_body import BodyLimits, receive_raw
from projections.errors import PlayheadError, Rejected


class Tally:
    """Counts and sums what goes to the disk, in the thread that writes it."""

    def __init__(self, incoming: Incoming, expected: Checksum | None) -> None:
        self._incoming = incoming
        self._expected = expected
        self._hasher = None if expected is None else expected.hasher()
        self.size_bytes = 0

    def write(self, data: memoryview) -> None:
        """Writes some bytes."""
        self._incoming.write(data)
        if self._hasher is not None:
            self._hasher.update(data)
        self.size_bytes += len(data)

    @property
    def is_as_expected(self) -> bool:
        """Whether it is what its sender said it would be."""
        if self._expected is None or self._hasher is None:
            return True
        return self._expected.is_of(self._hasher)


async def add_first_part(
    services: Services, request: Request, upload: Upload, *, expected: Checksum | None
) -> Upload:
    """
    The upload after what came with its announcement. If that fails it is given up, because nobody
    knows its address.

    Raises: as `add_part` does.
    """
    upload_id = upload.announced.id
    try:
        return await add_part(services, request, upload_id, offset=0, expected=expected)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await _give_up(services, upload_id, require(request, "media").user)
        raise


async def _give_up(services: Services, upload_id: str, user: str) -> None:
    try:
        await services.keeper.terminate(upload_id, actor=user)
    except Rejected:
        return  # it was refused when it was complete, and closed with that


async def add_part(
    services: Services,
    request: Request,
    upload_id: str,
    *,
    offset: int,
    expected: Checksum | None,
) -> Upload:
    """
    The upload after the body of a request; at its place, if that was the rest of it. Nothing at all
    may be added to one that is at its place already.

    Raises:
        NotFound: it is not this user's.
        HTTPProblem: 460, the body is not what its checksum says; 409 and 423 as `Transfers.run`;
            and as `receive_raw` does.
        PlayheadError: as the keeper says.
    """
    user = require(request, "media").user
    await services.keeper.upload(upload_id, actor=user)  # only its owner may end another request

    async def add(transfer: Transfer) -> Upload:
        upload = await services.keeper.upload(upload_id, actor=user)
        if upload.end is None:
            body = transfer.watched(request)
            return await _received(services, body, upload, offset=offset, expected=expected)
        if offset != upload.offset_bytes:
            raise HTTPProblem(409, "The upload is complete already.", hint="HEAD says so too.")
        return upload

    return await services.transfers.run(upload_id, add, services.clock.monotonic_s)


async def _received(
    services: Services,
    request: Request,
    upload: Upload,
    *,
    offset: int,
    expected: Checksum | None,
) -> Upload:
    user, keeper = require(request, "media").user, services.keeper
    upload_id, size = upload.announced.id, upload.announced.size_bytes
    incoming = await keeper.resume(upload_id, actor=user, offset=offset)
    tally = Tally(incoming, expected)
    try:
        await receive_raw(request, tally.write, limits=_limits(services, size - offset))
    except BaseException:
        # What went wrong first is what is told.
        with anyio.CancelScope(shield=True), suppress(PlayheadError):
            if expected is None:
                await keeper.pause(upload_id, incoming)
            else:  # half of what the checksum is of cannot be checked
                await keeper.rewind(upload_id, incoming, offset=offset)
        raise
    with anyio.CancelScope(shield=True):
        if not tally.is_as_expected:
            await keeper.rewind(upload_id, incoming, offset=offset)
            sentence = "The bytes are not what Upload-Checksum says; they were not kept."
            raise HTTPProblem(MISMATCH, sentence, hint="Send them again.")
        if offset + tally.size_bytes < size:
            after = await keeper.pause(upload_id, incoming)
        else:
            after = await _placed(services, upload, incoming, user=user)
    return after


def _limits(services: Services, size_max: int) -> BodyLimits:
    return BodyLimits(
        body_bytes_max=size_max,
        file_bytes_max=size_max,
        idle_s=services.settings.media.upload_idle_s,
    )


async def finish(services: Services, upload_id: str, user: str) -> Upload:
    """
    An upload whose bytes are all there, at its place.

    Raises: as `add_part` does.
    """

    async def place(_transfer: Transfer) -> Upload:
        upload = await services.keeper.upload(upload_id, actor=user)
        if upload.end is None:
            with anyio.CancelScope(shield=True):
                size = upload.announced.size_bytes
                incoming = await services.keeper.resume(upload_id, actor=user, offset=size)
                upload = await _placed(services, upload, incoming, user=user)
        return upload

    return await services.transfers.run(upload_id, place, services.clock.monotonic_s)


async def _placed(services: Services, upload: Upload, incoming: Incoming, *, user: str) -> Upload:
    announced = upload.announced
    try:
        outcome = await services.keeper.complete(announced.id, incoming, actor=user)
    except Rejected as error:
        if announced.batch:
            project = await services.keeper.project(announced.source, announced.project)
            await refuse_in_batch(
                services, announced.batch, project, name=announced.name, error=error, actor=user
            )
        raise
    return msgspec.structs.replace(
        upload,
        offset_bytes=announced.size_bytes,
        end="stored" if outcome.is_stored else "duplicate",
        path=outcome.path,
    )
